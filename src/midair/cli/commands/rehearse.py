"""`midair rehearse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.model.statement import Statement


@command(
    "rehearse",
    options=database_options,
    examples=(
        ("midair rehearse", "what is pending, on a throwaway server"),
        ("midair rehearse -e prod -o html=report.html", "from prod's schema, with a page to share"),
        ("midair rehearse --from-empty --each", "the whole project, every migration by itself"),
        ("midair rehearse --queries app.sql", "do the application's statements still work?"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@click.argument("target", required=False)
@click.option("--each/--whole", default=None, help="Try every migration by itself too [up to 50].")
@click.option("--from-empty", is_flag=True, help="Start from an empty database, ask no target.")
@click.option("--no-rows", is_flag=True, help="Put no rows into the tables.")
@click.option("--queries", metavar="FILE", help="SQL of the running application that must go on working.")
@click.option("--without", multiple=True, metavar="EXT", help="Leave CREATE EXTENSION of this one out.")
@click.option(
    "--fail-on",
    type=click.Choice(["low", "medium", "high", "never"]),
    default="medium",
    help="Risk from which to exit 1. [medium]",
)
def rehearse(
    call: Call,
    target: str | None,
    each: bool | None,
    from_empty: bool,
    no_rows: bool,
    queries: str | None,
    without: tuple[str, ...],
    fail_on: str,
) -> Answer:
    """Tries what is pending on a throwaway server: up, again, down, up, with rows and with locks traced.

    TARGET is a revision, the beginning of one, a file, head, heads or +N. The database itself is only read.
    """

    import sys

    import midair
    from midair.cli.request import request_of
    from midair.model.finding import Risk
    from midair.pipeline.trial import Trial
    from midair.reporting.rehearsal import rehearsal_payload

    settings = call.settings()
    trial = Trial(target, each, from_empty, not no_rows, _queries(call, queries) if queries else (), without)

    def tell(line: str) -> None:
        if not call.quiet:
            sys.stderr.write(f"{line}\n")

    found = midair.rehearse(request_of(settings), trial, tell)
    payload = rehearsal_payload(found, None if fail_on == "never" else Risk(fail_on))
    then = () if payload.passed else (f"midair explain {payload.findings[0].code}",)
    report = call.report(
        payload, environment=settings.environment, then=then, outcome="ok" if payload.passed else "no"
    )
    return Answer(report, exit_code=0 if payload.passed else 1)


def _queries(call: Call, name: str) -> tuple[Statement, ...]:
    from midair.dialects.postgresql.split import split
    from midair.errors import BadSetting

    try:
        text = (call.here / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"--queries: {name} cannot be read: {error}", hint="name a file of SQL") from error
    return split(text, name, 1)


COMMAND = rehearse

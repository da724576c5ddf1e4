"""`midair rehearse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.model.statement import Statement

_MOST_ROWS = 1000
"""As many rows of a table as are compared value by value."""


@command(
    "rehearse",
    options=database_options,
    examples=(
        ("midair rehearse", "what is pending, on a throwaway server"),
        ("midair rehearse -e prod -o html=report.html", "from prod's schema, with a page to share"),
        ("midair rehearse --from-empty --each", "the whole project, every migration by itself"),
        ("midair rehearse --queries app.sql", "do the application's statements still work, and until when?"),
        ("midair rehearse -e prod --sample 200 --mask users.email", "with some of prod's own rows"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@click.argument("target", required=False)
@click.option("--each/--whole", default=None, help="Try every migration by itself too [up to 50].")
@click.option("--from-empty", is_flag=True, help="Start from an empty database, ask no target.")
@click.option("--no-rows", is_flag=True, help="Put no rows into the tables.")
@click.option(
    "--queries",
    metavar="FILE",
    help="The running application's SQL, or a pg_stat_statements export (.csv, .json), that must go on working.",
)
@click.option("--queries-from-target", is_flag=True, help="Take them from the target's pg_stat_statements.")
@click.option(
    "--sample",
    type=click.IntRange(1, _MOST_ROWS),
    metavar="N",
    help="N of the target's rows a table, and what they point to.",
)
@click.option(
    "--mask", multiple=True, metavar="TABLE.COLUMN", help="Never read this column's values; needs --sample."
)
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
    queries_from_target: bool,
    sample: int | None,
    mask: tuple[str, ...],
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

    if mask and not sample:
        from midair.errors import BadSetting

        raise BadSetting(
            "--mask has nothing to mask without --sample", hint="add --sample N, or leave it out"
        )
    settings = call.settings()
    trial = Trial(
        target,
        each,
        from_empty,
        rows=not no_rows,
        queries=_queries(call, queries) if queries else (),
        without=without,
        queries_from_target=queries_from_target,
        sample=sample or 0,
        masks=tuple(dict.fromkeys((*settings.masks, *mask))) if sample else (),
    )

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
    from midair.errors import BadSetting
    from midair.rehearsal.workload import read_workload

    try:
        text = (call.here / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"--queries: {name} cannot be read: {error}", hint="name a file of SQL") from error
    return read_workload(text, name)


COMMAND = rehearse

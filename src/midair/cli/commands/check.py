"""`midair check`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command
from midair.cli.flags import check_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midair.cli.call import Call
    from midair.model.finding import Finding


@command(
    "check",
    options=check_options,
    examples=(
        ("midair check", "what would hurt, in all that is pending"),
        ("midair check --since origin/main", "only what this branch adds"),
        ("midair check sql/*.sql", "files of no tool, as squawk is called"),
        ("midair check -e prod", "with prod's tables and their sizes"),
        ("midair check V7__total.sql -f sarif -o check.sarif", "one file, for code scanning"),
        ("midair check --baseline known.json --update-baseline", "begin on an old project"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("migrations", nargs=-1)
@click.option("--since", metavar="REF", help="Only files added or changed since this commit or branch.")
@click.option("--baseline", metavar="FILE", help="Findings in this file are known and do not count.")
@click.option("--update-baseline", is_flag=True, help="Write what is found now into the baseline.")
@click.option("--fix", is_flag=True, help="Rewrite what is certain, in SQL files not yet applied.")
@click.option("--no-exec", is_flag=True, help="Never run the project's own programs.")
@click.option(
    "--server-version", metavar="N", type=click.IntRange(13, 18), help="PostgreSQL's major version."
)
@click.option("--ignore", metavar="RULES", multiple=True, help="Leave out rules: codes, names, families.")
@click.option("--select", metavar="RULES", multiple=True, help="Add rules that are off by default.")
@click.option(
    "--assume-in-transaction", is_flag=True, help="Plain SQL files are run in one transaction each."
)
@click.option("--schema", is_flag=True, help="Show the JSON Schema of -f json, and look at nothing.")
def check(
    call: Call,
    migrations: tuple[str, ...],
    since: str | None,
    baseline: str | None,
    update_baseline: bool,
    fix: bool,
    no_exec: bool,
    server_version: int | None,
    ignore: tuple[str, ...],
    select: tuple[str, ...],
    assume_in_transaction: bool,
    schema: bool,
) -> Answer:
    """Shows what is wrong with migrations, and what to write instead.

    MIGRATIONS are revisions, files, folders or ranges A..B. Without any, it looks at what is pending
    where a database says what is applied, else at all of them. Where no tool's project is, plain SQL
    files can be named, and - stands for standard input.
    """

    if schema:
        from midair.reporting.report import LinesPayload
        from midair.reporting.schema import check_schema

        return Answer(call.report(LinesPayload(tuple(check_schema().splitlines()))))

    import midair
    from midair.cli.findings import check_payload, fixed, must_answer, rule_options
    from midair.cli.request import request_of
    from midair.errors import BadSetting
    from midair.pipeline.baseline import write_baseline
    from midair.pipeline.check import Question

    settings = call.settings()
    known = call.here / baseline if baseline else settings.rules.baseline
    if update_baseline and known is None:
        raise BadSetting("--update-baseline: no baseline is named", hint="add --baseline FILE")
    question = Question(
        names=tuple(_named(name, call.here, settings.root) for name in migrations),
        since=since,
        must_answer=must_answer(call),
        server_version=server_version,
        no_exec=no_exec,
        piped=sys.stdin.buffer.read() if "-" in migrations else None,
        in_transaction=assume_in_transaction,
        options=rule_options(settings, None if update_baseline else known, ignore, select),
    )
    request = replace(request_of(settings), may_run=not no_exec)
    found = midair.check(request, question)
    if update_baseline and known is not None:
        count = write_baseline(known, found.findings)
        return _written(call, known, count)
    mended = fixed(request, question, found) if fix else None
    payload = check_payload(settings, mended.found if mended else found, mended)
    if call.format == "text" and not call.quiet:
        for warning in payload.warnings:
            click.echo(f"warning: {warning}", err=True)
    failed = any(payload.fails(each) for each in payload.findings)
    report = call.report(
        payload,
        environment=settings.environment,
        then=_next(payload.findings),
        outcome="no" if failed else "ok",
    )
    return Answer(report, exit_code=1 if failed else 0)


def _named(name: str, here: Path, root: Path) -> str:
    """A file or folder is meant from where the user is; the project names it from its root."""
    import os.path

    path = here / name
    return Path(os.path.relpath(path, root)).as_posix() if path.exists() else name


def _written(call: Call, path: Path, count: int) -> Answer:
    from midair.reporting.report import LinesPayload
    from midair.reporting.style import count as counted

    line = f"✓ {path} holds {counted(count, 'known finding')}; from now on only others count"
    return Answer(call.report(LinesPayload((line,), (str(path),))))


def _next(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The page of the worst finding."""
    counted = sorted((each for each in findings if each.counts), key=lambda each: -each.risk.rank)
    return (f"midair explain {counted[0].code}",) if counted else ()


COMMAND = check

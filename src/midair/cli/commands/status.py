"""`midair status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.pipeline.status import Status


@command(
    "status",
    options=database_options,
    examples=(
        ("midair status -e prod", "what is pending there"),
        ("midair status --check", "exit 1 when something is, for CI"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.option("--check", is_flag=True, help="Exit 1 when something is pending.")
def status(call: Call, check: bool) -> Answer:
    """Shows what is applied and what is pending. Nothing is written.

    Without a database, it shows what the files alone can tell.
    """

    from midair.cli.request import request_of
    from midair.cli.views import status_payload

    settings = call.settings()
    found = midair.status(request_of(settings))
    code = _exit_code(found, check=check)
    report = call.report(
        status_payload(found),
        environment=settings.environment,
        then=_next(found),
        outcome="no" if code == 1 else "ok" if not code else "failed",
    )
    return Answer(report, exit_code=code)


def _exit_code(found: Status, *, check: bool) -> int:
    # That no database is named is fine for looking at files; a named one that cannot be reached is not.
    from midair.errors import NoDatabase
    from midair.model.migration import State

    if found.unreachable and (check or not isinstance(found.unreachable, NoDatabase)):
        return found.unreachable.exit_code
    if not check:
        return 0
    if found.problem:
        return found.problem.exit_code
    waiting = found.half_done or any(
        each.state in (State.PENDING, State.LATE, State.FAILED) for each in found.standings
    )
    return 1 if waiting else 0


def _next(found: Status) -> tuple[str, ...]:
    from midair.model.migration import State

    if found.half_done:
        return ("midair resume",)
    if found.problem or found.unreachable:
        return ()
    return (
        ("midair plan", "midair apply")
        if any(each.state is State.PENDING for each in found.standings)
        else ()
    )


COMMAND = status

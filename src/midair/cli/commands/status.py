"""`midair status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.pipeline.status import Least, Status


@command(
    "status",
    options=database_options,
    examples=(
        ("midair status -e prod", "what is pending there"),
        ("midair status --check", "exit 1 when something is, for CI"),
        (
            "midair status --check --at-least expand --wait 300",
            "a deploy hook: wait until the new version may start",
        ),
        ("midair status --check --at-least contract", "exit 1 while a gate is open"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.option("--check", is_flag=True, help="Exit 1 when something is pending.")
@click.option(
    "--at-least",
    type=click.Choice(["expand", "contract"]),
    help="With --check: what every migration must have reached. [expand]",
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    is_flag=False,
    flag_value=600.0,
    metavar="[SECONDS]",
    help="With --check: wait so long for it. [600 when no number is given]",
)
def status(call: Call, check: bool, at_least: str | None, wait_s: float | None) -> Answer:
    """Shows what is applied, what is pending, and where each change stands. Nothing is written.

    Without a database, it shows what the files alone can tell. For deploy hooks: `--check --at-least expand` says no
    until both versions of the application are supported.
    """

    from midair.cli.request import request_of
    from midair.cli.views import status_payload
    from midair.errors import BadSetting
    from midair.execution.services import WallClock
    from midair.pipeline.status import Least, awaited

    if not check and (at_least is not None or wait_s is not None):
        raise BadSetting("--at-least and --wait ask for an answer", hint="add --check")
    settings = call.settings()
    least = Least(at_least or "expand")
    found = (
        awaited(request_of(settings), least, wait_s or 0.0, WallClock())
        if check
        else midair.status(request_of(settings))
    )
    code = _exit_code(found, check=check, least=least)
    report = call.report(
        status_payload(found),
        environment=settings.environment,
        then=_next(found),
        outcome="no" if code == 1 else "ok" if not code else "failed",
    )
    return Answer(report, exit_code=code)


def _exit_code(found: Status, *, check: bool, least: Least) -> int:
    # That no database is named is fine for looking at files; a named one that cannot be reached is not.
    from midair.errors import NoDatabase
    from midair.pipeline.status import has_come

    if found.unreachable and (check or not isinstance(found.unreachable, NoDatabase)):
        return found.unreachable.exit_code
    if not check:
        return 0
    if found.problem:
        return found.problem.exit_code
    return 0 if has_come(found, least) else 1


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

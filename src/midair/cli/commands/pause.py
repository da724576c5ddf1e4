"""`midair pause`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.exits import WRITES
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "pause",
    options=database_options,
    examples=(
        ("midair pause -e prod", "batches of the run at work rest"),
        ("midair pause -e prod --at 20", "they fill a fifth of the time"),
        ("midair resume -e prod", "they go on as before"),
    ),
    exits=WRITES,
)
@click.option(
    "--at",
    "percent",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Go on, but fill no more than this much of the time. [0]",
)
def pause(call: Call, percent: float) -> Answer:
    """Lets the run at work on a database rest, or work less, until `midair resume` or its end.

    It is heard within a second, between two batches: what is committed stays, and nobody waits for a lock meanwhile.
    A step that is not in batches, such as an index build, is not interrupted.
    """

    from midair.cli.request import request_of
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    run_id = midair.pause(request_of(settings), percent / 100)
    what = f"run {run_id} is asked to " + (
        "rest" if percent <= 0 else f"fill no more than {percent:g} % of the time"
    )
    lines = (what, "midair resume lifts that")
    return Answer(call.report(LinesPayload(lines), environment=settings.environment))


COMMAND = pause

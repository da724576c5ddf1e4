"""`midair drop-all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.exits import WRITES
from midair.cli.flags import run_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "drop-all",
    options=run_options,
    examples=(
        ("midair drop-all --yes-drop shop_test", "every table of shop_test goes"),
        ("midair drop-all --yes-drop app.db && midair apply", "a fresh start"),
    ),
    exits=WRITES,
)
@click.option("--yes-drop", metavar="NAME", required=True, help="The database's own name.")
def drop_all(call: Call, yes_drop: str) -> Answer:
    """Drops every table, view and sequence of the schema, history and journal included.

    For development and test databases: a protected environment refuses.
    """

    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.errors import NotConfirmed
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    if settings.protected:
        raise NotConfirmed(
            f"{settings.environment or 'this environment'} is protected, and drop-all is not for such databases",
            state="nothing was changed",
            hint="use the server's own tools if it must be",
        )
    with watching(call) as progress:
        lines = midair.drop_all(request_of(settings), progress, yes_drop)
    shown = tuple(f"dropped {line}" for line in lines) or ("there was nothing to drop",)
    return Answer(call.report(LinesPayload(shown), environment=settings.environment))


COMMAND = drop_all

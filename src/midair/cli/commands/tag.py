"""`midair tag`."""

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
    "tag",
    options=run_options,
    examples=(
        ("midair tag v1.4 -e prod", "a name for where prod stands"),
        ("midair rollback --to v1.4", "back to it"),
    ),
    exits=WRITES,
)
@click.argument("name")
def tag(call: Call, name: str) -> Answer:
    """Gives the newest applied migration a name, in the tool's own history (Liquibase)."""

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    if must_ask(call, settings, None, yes=True, undoes=False):
        agree(call, settings, None)
    with watching(call) as progress:
        midair.tag(request_of(settings), progress, name)
    return Answer(call.report(LinesPayload((f"tagged {name}",)), environment=settings.environment))


COMMAND = tag

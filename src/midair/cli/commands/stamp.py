"""`midair stamp`."""

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
    "stamp",
    options=run_options,
    examples=(
        ("midair stamp 7c1e -e prod", "the schema is there already, up to 7c1e"),
        ("midair stamp head", "all of it is"),
    ),
    exits=WRITES,
)
@click.argument("target")
def stamp(call: Call, target: str) -> Answer:
    """Records every migration up to TARGET as applied, and runs none: to adopt a database that has the schema."""

    import time

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import run_payload

    settings = call.settings()
    if must_ask(call, settings, None, yes=True, undoes=False):
        agree(call, settings, None)
    began = time.monotonic()
    with watching(call) as progress:
        done = midair.stamp(request_of(settings), progress, target)
    payload = run_payload("recorded", done, time.monotonic() - began)
    return Answer(call.report(payload, environment=settings.environment))


COMMAND = stamp

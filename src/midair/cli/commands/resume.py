"""`midair resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair
from midair.cli.command import Answer, command
from midair.cli.exits import WRITES
from midair.cli.flags import run_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "resume",
    options=run_options,
    examples=(
        ("midair resume -e prod", "finish what was begun, start nothing new"),
        ("midair resume --wait 5min", "once the run at work has ended"),
        ("midair resume -e prod", "after `midair pause`: the run at work goes on as before"),
    ),
    exits=WRITES,
    streams=True,
)
def resume(call: Call) -> Answer:
    """Goes on with the migration that a crash, a lost connection or Ctrl-C cut off, in its own direction."""

    import time

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import run_payload

    settings = call.settings()
    # The run itself was confirmed when it began; a protected environment is asked for again all the same.
    if must_ask(call, settings, None, yes=True, undoes=False):
        agree(call, settings, None)
    began = time.monotonic()
    with watching(call) as progress:
        done = midair.resume(request_of(settings), progress)
    report = call.report(
        run_payload("completed", done, time.monotonic() - began), environment=settings.environment
    )
    return Answer(report)


COMMAND = resume

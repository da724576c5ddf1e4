"""`midair history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair
from midair.cli.command import Answer, command
from midair.cli.exits import READS
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "history",
    options=database_options,
    examples=(
        ("midair history -e prod", "runs, and the tool's own rows"),
        ("midair history -f json", "for an audit"),
    ),
    exits=READS,
)
def history(call: Call) -> Answer:
    """Shows what was done to a database, when and by whom: midair's runs, and the tool's own history."""

    from midair.cli.request import request_of
    from midair.cli.views import history_payload

    settings = call.settings()
    request = request_of(settings)
    rows, runs = midair.history(request)
    _, project = midair.open_project(request)
    payload = history_payload(project.tool, project.history.table, rows, runs)
    return Answer(call.report(payload, environment=settings.environment))


COMMAND = history

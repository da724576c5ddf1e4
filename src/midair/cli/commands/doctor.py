"""`midair doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "doctor",
    options=database_options,
    examples=(
        ("midair doctor -e prod", "who blocks whom, what a crash left, and how to mend it"),
        ("midair doctor -e prod -f json", "the same for a program"),
    ),
    exits=(0, 1, 2, 4),
)
def doctor(call: Call) -> Answer:
    """Shows what is wrong with a database right now: blockers, invalid indexes, constraints nobody validated, leftovers.

    Each comes with the command that mends it. Nothing is written. Exit 1 when something is wrong.
    """

    from midair.cli.request import request_of
    from midair.reporting.report import DoctorPayload

    settings = call.settings()
    found = midair.doctor(request_of(settings))
    report = call.report(
        DoctorPayload(found), environment=settings.environment, outcome="no" if found else "ok"
    )
    return Answer(report, exit_code=1 if found else 0)


COMMAND = doctor

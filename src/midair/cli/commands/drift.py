"""`midair drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.pipeline.drift import Drifted
    from midair.reporting.drift import DriftLine


@command(
    "drift",
    options=database_options,
    examples=(
        ("midair drift -e prod", "is prod what its migrations say?"),
        ("midair drift -e prod -f json", "for a scheduled job; exit 1 on drift"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
def drift(call: Call) -> Answer:
    """Compares a database with what its applied migrations make, object by object. Nothing is written to it."""

    import midair
    from midair.cli.request import request_of
    from midair.reporting.drift import DriftPayload

    settings = call.settings()
    found = midair.drift(request_of(settings))
    lines = tuple(_line(each) for each in found.differences)
    payload = DriftPayload(found.target, found.revisions, found.server, lines)
    report = call.report(payload, environment=settings.environment, outcome="no" if lines else "ok")
    return Answer(report, exit_code=1 if lines else 0)


def _line(each: Drifted) -> DriftLine:
    from midair.reporting.drift import DriftLine

    difference = each.difference
    what = {"gone": "missing", "new": "extra", "changed": "different"}[difference.word]
    return DriftLine(
        difference.thing.kind,
        difference.thing.name,
        what,
        difference.first,
        difference.second,
        each.to_target,
        each.to_migrations,
    )


COMMAND = drift

"""Writes the tool's history and runs nothing."""

from dataclasses import replace

from midair.execution.services import Reporter
from midair.model.migration import Direction, Script
from midair.model.outcome import Done
from midair.pipeline.flying import flown
from midair.pipeline.opening import alone, opening
from midair.pipeline.plan import items_of
from midair.pipeline.request import Request
from midair.pipeline.standings import names_of
from midair.planning.choose import pending_of
from midair.planning.lay_out import Item, record_only


def stamp(request: Request, report: Reporter, target: str) -> Done:
    """Writes the tool's history as if every migration up to the target had run, and runs nothing.

    Raises:
        UnknownRevision: no migration matches the target.
    """
    with opening(request) as opened, alone(opened, report):
        project, session = opened.project, opened.session
        applied = project.history.read(session)
        standings = opened.source.compare(project, applied)
        chosen = [each for each in pending_of(standings, target) if not each.repeatable]
        if opened.source.baseline is not None and not applied and chosen:
            rows = opened.source.baseline(session, replace(project, migrations=tuple(chosen)))
            items = [Item(chosen[-1], Script(), rows)]
        else:
            record = project.history.stamp or project.history.record
            items = items_of(chosen, {}, record(session, chosen, applied))
        prepare = project.history.create(session)
        return flown(
            opened, record_only(project.tool, items, Direction.UP, names_of(applied), prepare), report
        )

"""Executes a plan against the target, and keeps what the tools and the journal want to know afterwards."""

from midair.database import open_session
from midair.database.session import prepare
from midair.dialects.dialect import dialect_of
from midair.errors import Dirty
from midair.execution.execute import Flight, execute
from midair.execution.services import Reporter, WallClock
from midair.journal import Journal
from midair.journal.programs import all_forgotten
from midair.model.migration import Direction, State
from midair.model.outcome import Done
from midair.model.plan import Plan, takes_back
from midair.pipeline.live import run_live
from midair.pipeline.opening import Opened, dump_of
from midair.pipeline.request import application_of, bounds_of, guard_of
from midair.pipeline.watched import Run


def flown(opened: Opened, made: Plan, report: Reporter) -> Done:
    """Executes a plan against the target, journalled, and lets the source finish (dbmate's `schema.sql`)."""
    session = opened.session
    _close_recorded(opened)
    if not made.segments:
        return Done(None, 0)
    if made.prepare:
        # The tool's table first: some tools refuse a database that holds only ours.
        prepare(session, made.prepare, f"the tool's history table {opened.project.history.table}")
    journal = Journal(session, opened.project.tool)
    journal.prepare()
    flight = Flight(
        plan=made,
        session=session,
        journal=journal,
        dialect=dialect_of(session.product),
        bounds=bounds_of(opened.request),
        clock=WallClock(),
        reporter=report,
        reconnect=lambda: open_session(
            session.address, guard_of(opened.request), application_of(opened.request)
        ),
        live=lambda step, action, run_id, fly: run_live(
            opened, journal, step, action, Run(run_id, fly, report)
        ),
        lone_build_keys=opened.lone_build_keys(),
        lease=opened.project.history.table,
    )
    done = execute(flight)
    _remember_all(opened, journal)
    if opened.source.after_run is not None:
        opened.source.after_run(
            opened.project, session, lambda arguments: dump_of(session, opened.request, arguments)
        )
    return done


def _close_recorded(opened: Opened) -> None:
    """Steps of a migration whose own program recorded it right before midair died: the history has the last word."""
    journal = Journal(opened.session, opened.project.tool)
    open_steps = journal.open_steps()
    held = {each.revision for each in open_steps if takes_back(each.id)}  # half applied, and half taken back
    begun = [each for each in open_steps if each.revision not in held]
    if not begun:
        return
    try:
        standings = opened.source.compare(opened.project, opened.project.history.read(opened.session))
    except Dirty:
        return  # the history itself says that it is not recorded
    there = {each.revision for each in standings if each.state is State.APPLIED}
    over = dict.fromkeys(
        each.revision for each in begun if (each.direction == Direction.UP) == (each.revision in there)
    )
    if over:
        left = all_forgotten(opened.session, [each for each in begun if each.revision in over])
        opened.session.run([*(journal.close_steps(revision) for revision in over), *left], atomic=True)


def _remember_all(opened: Opened, journal: Journal) -> None:
    """Keeps the digest of every applied file the journal does not know: the tool itself ran it."""
    project = opened.project
    known = journal.checksums(project.tool)
    standings = opened.source.compare(project, project.history.read(opened.session))
    unknown = [
        each.migration
        for each in standings
        if each.state is State.APPLIED and each.migration and each.revision not in known
    ]
    if unknown:
        opened.session.run(
            [journal.remember("seen", project.tool, each.revision, each.checksum or "") for each in unknown],
            atomic=True,
        )

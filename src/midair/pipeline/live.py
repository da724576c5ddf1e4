"""Migrations that are programs and must run as such."""

from midair.errors import (
    ConnectionLost,
    GateInTheWay,
    LockTimeout,
    MigrationFailed,
    NotOnline,
    ProgramFailed,
    Unsupported,
)
from midair.execution.failing import lease_lost
from midair.execution.orphans import program_name
from midair.journal import HEARTBEAT, LEASE_LOST, Journal
from midair.journal.programs import forgotten
from midair.model.migration import Direction, RevisionId, State
from midair.model.plan import (
    RunLive,
    Step,
    is_lost,
)
from midair.pipeline.opening import Opened
from midair.pipeline.watched import Run, Watched, by_hand
from midair.sources.source import LiveRun


def run_live(opened: Opened, journal: Journal, step: Step, action: RunLive, run: Run) -> None:
    """Lets the migration's own program run against the target, bounded like everything else.

    Raises:
        MigrationFailed: it failed, or is not recorded after it ended.
        HistoryDiverged: it was begun before, and now sends something else.
        NotOnline, GateInTheWay: its rows made it send what would break the running application.
    """
    if opened.source.live is None or step.revision is None:
        raise Unsupported(
            f"{opened.project.tool} has no way to run {step.revision} by itself ({action.reason})"
        )
    by_revision = {each.revision: each for each in opened.project.migrations}
    migrations = tuple(by_revision[revision] for revision in action.revisions)
    bounds = {
        "lock_timeout": f"{round(opened.request.lock_wait_s * 1000)}ms",
        "application_name": program_name(run.id),
        **HEARTBEAT,
    }
    asks = action.watched or action.guarded
    watched = Watched(opened, journal, step, action, run) if asks else None
    try:
        opened.source.live(
            LiveRun(
                opened.project,
                migrations,
                step.direction,
                opened.session.address,
                opened.options,
                bounds,
                watched,
                only_judged=not action.watched,
            )
        )
    except (NotOnline, GateInTheWay):
        if watched is not None and watched.left_nothing:
            over = journal.close_steps(step.revision)
            opened.session.run([over, *forgotten(opened.session, step.revision, step.id)], atomic=True)
        raise
    except (ProgramFailed, LockTimeout) as error:
        if LEASE_LOST in error.message:
            raise lease_lost(error.message) from error
        lost = _is_lost(journal, step.revision)
        if isinstance(error, LockTimeout) and not lost:
            raise  # what is left of it is recorded: it may be tried again
        raise _told(error, step, action, watched, lost=lost) from error
    _check_recorded(opened, step, action)
    opened.session.run(forgotten(opened.session, step.revision, step.id), atomic=True)


def _told(
    error: ProgramFailed | LockTimeout, step: Step, action: RunLive, watched: Watched | None, *, lost: bool
) -> ConnectionLost | MigrationFailed:
    """Why the program did not come to its end, with what is there now."""
    if isinstance(error, ProgramFailed) and error.cut and (action.atomic or watched is not None):
        return ConnectionLost(
            f"the program of {step.revision} lost its connection: {error.message}",
            state="what it committed is recorded, the rest was rolled back",
            hint="midair resume looks how far it came, and goes on from there",
        )
    again = (action.atomic or action.watched) and not lost
    if lost:
        state = f"what {step.revision} committed by itself before is done, the rest was rolled back"
    elif watched is None or not watched.done_to:
        state = f"{step.revision} was rolled back by its own program as far as it is one transaction; migrations before it are recorded"
    else:
        state = (
            f"what {step.revision} sent up to its statement {watched.done_to} is done and kept, what it sent after that was rolled"
            " back; its program begins again and is taken past what is done"
        )
    return MigrationFailed(
        error.message,
        state=error.state or state,
        hint="mend the migration and run `midair resume`"
        if again
        else by_hand(step.revision or RevisionId("")),
    )


def _is_lost(journal: Journal, revision: RevisionId) -> bool:
    """The program committed something by itself, and cannot be taken past that."""
    return any(each.revision == revision and is_lost(each.id) for each in journal.open_steps())


def _check_recorded(opened: Opened, step: Step, action: RunLive) -> None:
    """A program can end well and have rolled everything back (other-tools.md §9): its own history has the last word."""
    applied = opened.project.history.read(opened.session)
    there = {
        each.revision
        for each in opened.source.compare(opened.project, applied)
        if each.state is State.APPLIED
    }
    wrong = [each for each in action.revisions if (each in there) != (step.direction is Direction.UP)]
    if wrong:
        raise MigrationFailed(
            f"{', '.join(wrong)} ran and {action.tool} has no record of it: its program rolled back, or wrote elsewhere",
            state="the tool's history is as before",
            hint="look at how env.py opens its connection and begins its transaction",
        )

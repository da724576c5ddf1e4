"""Runs a statement in batches: lanes walked by workers, rows that were locked at the end, then the proof.

Where it stands is in the journal and moves in each batch's own transaction, so it may be killed at any
instant: what is committed is done, and nothing else is. A batch never waits for a row somebody has
locked, so it cannot be part of a deadlock; such rows are waited for one by one when all others are done.
"""

from collections.abc import Sequence

from midair.errors import BackfillUnproven
from midair.execution.batch_workers import walk_lanes, watched
from midair.execution.lanes import lay, size_of
from midair.execution.left_over import do_left_over, wait_or_give_up
from midair.execution.throttle import Throttle
from midair.execution.walk import Crew, Progress, Walk, call, prepare, set_up
from midair.journal import backfills
from midair.journal.backfills import Lane
from midair.model.backfill import Backfill
from midair.model.event import Noticed
from midair.model.plan import Step
from midair.model.statement import Sql

_ROUNDS = 4
"""How often the whole is walked while the proof still finds rows; the application may bring some back for ever."""


def run(crew: Crew, backfill: Backfill, *, goes_on: bool) -> None:
    """Does every row that is not done yet; `goes_on` says that an earlier run began this very step.

    Raises:
        StatementFailed: the server refused a batch; those before it stay, and are not repeated.
        LockNotAcquired: a row stayed locked for the whole budget.
        BackfillUnproven: rows to do keep coming back, and later steps rely on there being none.
    """
    session, step = crew.session, crew.step.id
    if not goes_on:
        session.run(backfills.forget(step), atomic=True)
    session.run(backfills.take_over(step, crew.run_id), atomic=True)
    lanes = backfills.lanes_of(session, step)
    if not lanes:
        lay(crew, backfill, 1, None, ())
        lanes = backfills.lanes_of(session, step)
    moment = backfills.moment_of(session, step)
    progress = Progress(size_of(session, backfill), began_s=crew.clock.now())
    progress.left = backfills.count_left_over(session, step)
    progress.seen = progress.seen_before = sum(each.seen for each in lanes)
    throttle = Throttle(crew.bounds.pace.duty)
    walk = Walk(crew, backfill, moment, progress, throttle, [session])
    with watched(walk), set_up(crew):
        _walk_until_done(walk, lanes)


def closing(step: Step) -> tuple[Sql, ...]:
    """What commits with the step's completion."""
    return backfills.forget(step.id)


def _walk_until_done(walk: Walk, lanes: Sequence[Lane]) -> None:
    crew, backfill = walk.crew, walk.backfill
    moved_s, idle = crew.clock.now(), 0
    first = max((each.round for each in lanes), default=1)  # a resumed run has rounds of its own
    while True:
        number = max((each.round for each in lanes), default=1)
        before = walk.progress.changed
        walk.waiting = [each for each in lanes if not each.done]
        walk_lanes(walk)
        do_left_over(walk)
        remaining = _remaining(walk)
        if remaining == 0:
            return
        if walk.progress.changed > before:
            moved_s, idle = crew.clock.now(), 0
        elif any(not part.key for part in backfill.parts):
            # Walked by pages, rows that others have locked show only in that a round does nothing.
            idle += 1
            wait_or_give_up(walk, moved_s, idle, None)
            number -= 1
        if number >= first + _ROUNDS - 1:
            _give_up_proof(crew, backfill, remaining)
            return
        lay(crew, backfill, number + 1, walk.moment, lanes)
        lanes = backfills.lanes_of(crew.session, crew.step.id)


def _give_up_proof(crew: Crew, backfill: Backfill, remaining: int) -> None:
    """Every row that was there at the start had its turn; these are rows that somebody wrote since."""
    if backfill.strict:
        raise BackfillUnproven(
            f"{remaining} rows of {backfill.table} are still to do after {_ROUNDS} rounds: the application writes them as fast as they are done",
            state="what is done stays done and is journalled; nothing relies on it yet",
            hint="let the application stop writing such rows, then run `midair resume`",
        )
    text = f"{remaining} rows of {backfill.table} match again: they were written after their turn"
    crew.reporter.hear(Noticed(crew.step.revision, "NOTICE", text))


def _remaining(walk: Walk) -> int:
    """How many rows the statement would still change, over all tables; 0 where no query can tell."""
    found = 0
    session = walk.crew.session
    for part in walk.backfill.parts:
        if part.proof:
            prepare(session, "midair_proof", part.proof_types, part.proof)
            try:
                found += int(call(session, "midair_proof", [walk.moment])[0][0])
            finally:
                session.query("DEALLOCATE midair_proof")
    return found

"""Rows that somebody had locked when their batch came by: waited for one by one, when all others are done."""

import json
from contextlib import suppress

from midair.errors import LockNotAcquired, LockTimeout, StatementFailed
from midair.execution import locks
from midair.execution.services import pause_s
from midair.execution.walk import HALF, TRY_AGAIN, Walk, call, prepare, tell
from midair.journal import backfills
from midair.model.event import LockWaited


def do_left_over(walk: Walk) -> None:
    """Rows that somebody had locked, one by one: waiting for one while holding no other cannot deadlock."""
    crew, session = walk.crew, walk.crew.session
    began, tried = crew.clock.now(), 0
    prepared: set[int] = set()
    while rows := backfills.left_over(session, crew.step.id, 1000):
        done = 0
        for part_number, key in rows:
            part = walk.backfill.parts[part_number]
            name = f"midair_single_{part_number}"
            if part_number not in prepared:
                with suppress(StatementFailed):
                    session.query(f"DEALLOCATE {name}")
                prepare(session, name, part.single_types, part.single)
                prepared.add(part_number)
            try:
                one, changed = call(
                    session, name, [walk.moment, crew.step.id, part_number, key, *json.loads(key)]
                )[0]
            except StatementFailed as error:
                if not isinstance(error, LockTimeout) and error.sqlstate not in TRY_AGAIN:
                    raise
                tried += 1
                wait_or_give_up(walk, began, tried, error)
                continue
            done += 1
            walk.progress.add(0, int(changed), -int(one))
            tell(walk)
        if done:
            began = crew.clock.now()


def wait_or_give_up(walk: Walk, began: float, tried: int, error: Exception | None) -> None:
    """Tells who is in the way and waits a little.

    Raises:
        LockNotAcquired: the budget is spent.
    """
    crew = walk.crew
    waited = crew.clock.now() - began
    tables = tuple(part.table for part in walk.backfill.parts)
    holders = locks.blockers(crew.session, tables)
    if waited >= crew.bounds.lock_budget_s:
        raise LockNotAcquired(tables, waited, tried, holders, state=HALF) from error
    crew.reporter.hear(LockWaited(crew.segment, tried, waited, holders))
    crew.clock.sleep(pause_s(tried))

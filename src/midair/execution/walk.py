"""A backfill under way: what its workers share, and how their sessions are set up."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from midair.database.session import Session
from midair.errors import ExecutionError
from midair.execution.services import Bounds, Clock, Reconnect, Reporter
from midair.execution.throttle import Throttle
from midair.journal.backfills import Lane
from midair.model.backfill import Backfill
from midair.model.event import BackfillMoved
from midair.model.plan import Segment, Step
from midair.model.statement import Sql

_TELL_S = 1.0
DEADLOCK = "40P01"
TRY_AGAIN = (DEADLOCK, "40001", "57014")
"""Deadlock, serialization failure, cancelled: nothing is left of the batch, and a smaller one may do."""
HALF = "the batches before this one are in and journalled; none is repeated"
SETTINGS = (
    # A lost commit loses its cursor too, so batches need not wait for the disk; the step's completion does.
    "SET synchronous_commit = off",
    # Ranges are literal texts: a plan for any range would guess, and could read the whole table.
    "SET plan_cache_mode = force_custom_plan",
    # Each batch is kept brief by its size; counting what is left takes as long as it takes.
    "SET statement_timeout = 0",
)


@dataclass(frozen=True, slots=True)
class Crew:
    """What a backfill works with."""

    session: Session
    reconnect: Reconnect
    bounds: Bounds
    clock: Clock
    reporter: Reporter
    step: Step
    segment: Segment
    run_id: str
    """Whose the lanes are while it works."""


@dataclass
class Progress:
    """Counted by all workers, told by the main thread."""

    total: int
    seen: int = 0
    changed: int = 0
    left: int = 0
    began_s: float = 0.0
    seen_before: int = 0
    told_s: float = 0.0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seen: int, changed: int, left: int) -> None:
        with self.guard:
            self.seen += seen
            self.changed += changed
            self.left += left


@dataclass
class Walk:
    """One backfill under way, shared by its workers."""

    crew: Crew
    backfill: Backfill
    moment: str
    progress: Progress
    throttle: Throttle
    sessions: list[Session]
    prepared: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    """By session, what it has prepared: a worker of the next round may go on with it."""
    waiting: list[Lane] = field(default_factory=list[Lane])
    stopped: bool = False
    failure: BaseException | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def next_lane(self) -> Lane | None:
        with self.guard:
            return self.waiting.pop(0) if self.waiting and not self.stopped else None


def settings_of(crew: Crew) -> list[Sql]:
    """What a session for batches is set to; the last says for which run it works (`batch_sql.OWNER`)."""
    return [*(Sql(each) for each in SETTINGS), Sql("SET midair.owner = %s", (crew.run_id,))]


@contextmanager
def set_up(crew: Crew) -> Generator[None]:
    """The crew's session for batches, left as it was found."""
    session = crew.session
    session.run(settings_of(crew), atomic=False)
    try:
        yield
    finally:
        with suppress(ExecutionError):  # a session that is gone keeps nothing
            session.abandon()
            names = [each.text.split()[1] for each in settings_of(crew)]
            session.run([*(Sql(f"RESET {name}") for name in names), Sql("DEALLOCATE ALL")], atomic=False)


def prepare(session: Session, name: str, types: Sequence[str], text: str) -> None:
    """Prepares a query under a name, for as long as the session lasts."""
    session.run([Sql(f"PREPARE {name} ({', '.join(types)}) AS {text}")], atomic=False)


def call(session: Session, name: str, values: Sequence[str | int | None]) -> list[tuple[Any, ...]]:
    """The rows of a prepared query; all values travel as text."""
    return session.query(f"EXECUTE {name} ({', '.join(['%s'] * len(values))})", values)


def tell(walk: Walk) -> None:
    """Once a second: where it stands. The reporter may stop the run here; the journal knows how to go on."""
    now, progress = walk.crew.clock.now(), walk.progress
    if now - progress.told_s < _TELL_S:
        return
    progress.told_s = now
    elapsed = now - progress.began_s
    rate = (progress.seen - progress.seen_before) / elapsed if elapsed > 0 else 0.0
    left_s = max(0, progress.total - progress.seen) / rate if rate > 0 else None
    walk.crew.reporter.hear(
        BackfillMoved(
            walk.crew.step,
            progress.seen,
            progress.total,
            rate,
            left_s,
            max(0, progress.left),
            walk.throttle.reason,
        )
    )

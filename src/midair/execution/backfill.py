"""Runs a statement in batches: lanes walked by workers, rows that were locked at the end, then the proof.

Where it stands is in the journal and moves in each batch's own transaction, so it may be killed at any
instant: what is committed is done, and nothing else is. A batch never waits for a row somebody has
locked, so it cannot be part of a deadlock; such rows are waited for one by one when all others are done.
"""

import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from midair.database.session import Session
from midair.errors import (
    AlreadyRunning,
    BackfillUnproven,
    ExecutionError,
    LockNotAcquired,
    LockTimeout,
    MigrationFailed,
    StatementFailed,
)
from midair.execution import locks
from midair.execution.batch_size import BatchSize
from midair.execution.services import Bounds, Clock, Reconnect, Reporter, pause_s
from midair.execution.throttle import Throttle, Watch
from midair.journal import backfills
from midair.journal.backfills import Lane
from midair.model.backfill import Backfill, Part
from midair.model.event import BackfillMoved, LockWaited, Noticed
from midair.model.plan import Segment, Step
from midair.model.statement import Sql

_TELL_S = 1.0
_ROUNDS = 4
"""How often the whole is walked while the proof still finds rows; the application may bring some back for ever."""
_SAMPLE_ROWS = 20_000
_ROWS_A_PAGE = 50
_LANES_A_WORKER = 3
"""More lanes than workers, so that none is without work while another has most of its own before it."""
_TRY_AGAIN = ("40P01", "40001", "57014")
"""Deadlock, serialization failure, cancelled: nothing is left of the batch, and a smaller one may do."""
_SETTINGS = (
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


@dataclass
class _Progress:
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
class _Walk:
    """One backfill under way, shared by its workers."""

    crew: Crew
    backfill: Backfill
    moment: str
    progress: _Progress
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
    lanes = backfills.lanes_of(session, step)
    if not lanes:
        _lay(crew, backfill, 1, None, ())
        lanes = backfills.lanes_of(session, step)
    moment = backfills.moment_of(session, step)
    progress = _Progress(_size_of(session, backfill), began_s=crew.clock.now())
    progress.left = backfills.count_left_over(session, step)
    progress.seen = progress.seen_before = sum(each.seen for each in lanes)
    throttle = Throttle(crew.bounds.pace.duty)
    walk = _Walk(crew, backfill, moment, progress, throttle, [session])
    with _watched(walk), _set_up(session):
        _walk_until_done(walk, lanes)


def closing(step: Step) -> tuple[Sql, ...]:
    """What commits with the step's completion."""
    return backfills.forget(step.id)


def _walk_until_done(walk: _Walk, lanes: Sequence[Lane]) -> None:
    crew, backfill = walk.crew, walk.backfill
    moved_s, idle = crew.clock.now(), 0
    while True:
        number = max((each.round for each in lanes), default=1)
        before = walk.progress.changed
        walk.waiting = [each for each in lanes if not each.done]
        _walk_lanes(walk)
        _do_left_over(walk)
        remaining = _remaining(walk)
        if remaining == 0:
            return
        if walk.progress.changed > before:
            moved_s, idle = crew.clock.now(), 0
        elif any(not part.key for part in backfill.parts):
            # Walked by pages, rows that others have locked show only in that a round does nothing.
            idle += 1
            _wait_or_give_up(walk, moved_s, idle, None)
            number -= 1
        if number >= _ROUNDS:
            _give_up_proof(crew, backfill, remaining)
            return
        _lay(crew, backfill, number + 1, walk.moment, lanes)
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


# --- lanes


def _lay(crew: Crew, backfill: Backfill, number: int, moment: str | None, before: Sequence[Lane]) -> None:
    """Cuts what there is to walk now into lanes, in one transaction with what was done so far."""
    workers = max(1, crew.bounds.pace.workers)
    wanted = 1 if workers == 1 else workers * _LANES_A_WORKER
    lanes: list[Lane] = []
    for part_number, part in enumerate(backfill.parts):
        for low, high in _ranges(crew.session, part, wanted):
            lanes.append(Lane(len(lanes), part_number, number, low, high, False, 0, 0))
    if lanes:
        changed = sum(each.changed for each in before)
        lanes[0] = replace(lanes[0], changed=changed)
    crew.session.run(backfills.lay_lanes(crew.step.id, lanes, moment), atomic=True)


def _ranges(session: Session, part: Part, wanted: int) -> Iterator[tuple[str | None, str]]:
    """(after, up to) of each lane; nothing for an empty table."""
    rows = session.query(part.last)
    if not part.key:
        yield from _page_ranges(part, rows, wanted)
        return
    if not rows:
        return
    fences = _fences(session, part, wanted) if wanted > 1 else []
    highs = list(dict.fromkeys([*fences, json.dumps(rows[0])]))
    yield from zip([None, *highs], highs, strict=False)


def _page_ranges(
    part: Part, rows: Sequence[tuple[int, ...]], wanted: int
) -> Iterator[tuple[str | None, str]]:
    if not rows:
        raise MigrationFailed(
            f"{part.table} is no plain table: it has no pages to go through",
            state="nothing was changed by this statement",
        )
    last = rows[0][0]
    if last < 0:
        return
    highs = sorted({last * number // wanted for number in range(1, wanted)} | {last})
    before: str | None = None
    for high in highs:
        yield before, json.dumps([str(high)])
        before = json.dumps([str(high)])


def _fences(session: Session, part: Part, wanted: int) -> list[str]:
    size = _rows_of(session, part.table)
    percent = 100.0 if size <= _SAMPLE_ROWS else max(0.01, 100.0 * _SAMPLE_ROWS / size)
    _prepare(session, "midair_fences", ("real", "int"), part.fences)
    try:
        rows = session.query("EXECUTE midair_fences(%s, %s)", (percent, wanted))
    finally:
        session.query("DEALLOCATE midair_fences")
    return [json.dumps(row) for row in rows]


def _rows_of(session: Session, table: str) -> int:
    rows = session.query(
        "SELECT greatest(reltuples, 0)::int8 FROM pg_class WHERE oid = to_regclass(%s)", (table,)
    )
    return int(rows[0][0]) if rows else 0


def _size_of(session: Session, backfill: Backfill) -> int:
    """What progress is counted in: rows where there is a key, pages where there is none."""
    return sum(
        _rows_of(session, part.table) if part.key else max(0, session.query(part.last)[0][0] + 1)
        for part in backfill.parts
    )


# --- workers


@contextmanager
def _watched(walk: _Walk) -> Generator[None]:
    crew = walk.crew
    if not crew.bounds.pace.throttled:
        yield
        return
    tables = tuple(part.table for part in walk.backfill.parts) or (walk.backfill.table,)
    with Watch(walk.throttle, crew.reconnect, tables, lambda: tuple(walk.sessions), crew.bounds.pace.duty):
        yield


@contextmanager
def _set_up(session: Session) -> Generator[None]:
    """A session for batches, left as it was found."""
    session.run([Sql(each) for each in _SETTINGS], atomic=False)
    try:
        yield
    finally:
        with suppress(ExecutionError):  # a session that is gone keeps nothing
            session.abandon()
            names = [each.split()[1] for each in _SETTINGS]
            session.run([*(Sql(f"RESET {name}") for name in names), Sql("DEALLOCATE ALL")], atomic=False)


def _walk_lanes(walk: _Walk) -> None:
    workers = min(max(1, walk.crew.bounds.pace.workers), max(1, len(walk.waiting)))
    if workers == 1:
        _Worker(walk, walk.crew.session, tells=True).work()
        return
    threads = [
        threading.Thread(target=_work_apart, args=(walk,), name=f"midair worker {number}", daemon=True)
        for number in range(workers)
    ]
    for each in threads:
        each.start()
    try:
        while any(each.is_alive() for each in threads):
            threads[0].join(timeout=0.05) if threads[0].is_alive() else walk.crew.clock.sleep(0.05)
            _tell(walk)
    finally:
        walk.stopped = True
        for each in threads:
            each.join()
        walk.stopped = False
    if walk.failure is not None:
        raise walk.failure


def _work_apart(walk: _Walk) -> None:
    try:
        session = walk.crew.reconnect()
        try:
            session.run([Sql(each) for each in _SETTINGS], atomic=False)
            walk.sessions.append(session)
            _Worker(walk, session, tells=False).work()
        finally:
            walk.sessions[:] = [each for each in walk.sessions if each is not session]
            session.close()
    except BaseException as error:  # noqa: BLE001 - raised again in the main thread
        walk.failure = walk.failure or error
        walk.stopped = True


class _Worker:
    """One session that walks lanes until none is left."""

    def __init__(self, walk: _Walk, session: Session, *, tells: bool) -> None:
        self._walk = walk
        self._session = session
        self._tells = tells
        pace, intent = walk.crew.bounds.pace, walk.backfill.statement.intent
        self._size = BatchSize(pace.batch_s, pace.first_rows, cap=intent.batch_rows if intent else None)
        self._prepared = walk.prepared.setdefault(id(session), set())

    def work(self) -> None:
        while (lane := self._walk.next_lane()) is not None:
            self._lane(lane)

    def _lane(self, lane: Lane) -> None:
        walk, clock, part = self._walk, self._walk.crew.clock, self._walk.backfill.parts[lane.part]
        failed, since = 0, clock.now()
        while not walk.stopped:
            if self._tells:
                _tell(walk)
            if walk.throttle.duty <= 0.0:
                clock.sleep(walk.throttle.pause_s(0.0))
                continue
            picked = self._pick(part, lane)
            if picked is None:
                self._session.run([backfills.finish_lane(walk.crew.step.id, lane.number)], atomic=True)
                return
            began = clock.now()
            try:
                lane = self._batch(part, lane, picked)
                failed, since = 0, clock.now()
            except StatementFailed as error:
                if not isinstance(error, LockTimeout) and error.sqlstate not in _TRY_AGAIN:
                    raise
                failed += 1
                self._hold_back(part, failed, clock.now() - since, error)
                continue
            took = clock.now() - began
            rest = walk.throttle.pause_s(took) if walk.throttle.duty < 1 else 0.0
            if rest > 0:
                clock.sleep(min(rest, 2.0))

    def _pick(self, part: Part, lane: Lane) -> "_Picked | None":
        high = json.loads(lane.high)
        if not part.key:
            first = 0 if lane.cursor is None else int(json.loads(lane.cursor)[0]) + 1
            if first > int(high[0]):
                return None
            pages = max(1, self._size.rows // _ROWS_A_PAGE)
            last = min(int(high[0]), first + pages - 1)
            return _Picked((f"({first},0)",), (f"({last + 1},0)",), json.dumps([str(last)]), last - first + 1)
        after = lane.cursor is not None
        name = f"midair_pick_{lane.part}{'_after' if after else ''}"
        types = part.pick_types if after else part.pick_types[: len(part.key) + 1]
        self._ready(name, types, part.pick_after if after else part.pick)
        values = [*high, self._size.rows, *(json.loads(lane.cursor) if lane.cursor is not None else ())]
        rows = self._call(name, values)
        if not rows:
            return None
        size = len(part.key)
        low, top, count = rows[0][:size], rows[0][size : 2 * size], rows[0][-1]
        return _Picked(low, top, json.dumps(top), int(count))

    def _batch(self, part: Part, lane: Lane, picked: "_Picked") -> Lane:
        walk, clock = self._walk, self._walk.crew.clock
        name = f"midair_batch_{lane.part}"
        self._ready(name, part.batch_types, part.batch)
        began = clock.now()
        where = [*picked.low, *picked.high] + ([lane.part] if part.key else [])
        values = [
            walk.moment,
            walk.crew.step.id,
            lane.number,
            lane.cursor,
            picked.cursor,
            *where,
            picked.count,
        ]
        mine, changed, left = self._call(name, values)[0]
        if not mine:
            raise AlreadyRunning(
                f"somebody else moved the cursor of {walk.crew.step.title!r}: another midair works on this step",
                state="this run did nothing twice; its last batch did nothing",
                hint="look with `midair status` who is at work",
            )
        read = picked.count if part.key else self._size.rows
        self._size.learn(clock.now() - began, read, changed, left)
        walk.progress.add(picked.count, changed, left if part.key else 0)
        return replace(lane, cursor=picked.cursor)

    def _hold_back(self, part: Part, failed: int, waited_s: float, error: StatementFailed) -> None:
        """A batch met a lock it cannot pass (a trigger's, a foreign key's) or was in somebody's way."""
        crew = self._walk.crew
        self._size.shrink()
        if waited_s >= crew.bounds.lock_budget_s:
            holders = locks.blockers(self._session, (part.table,))
            raise LockNotAcquired((part.table,), waited_s, failed, holders, state=_HALF) from error
        crew.clock.sleep(pause_s(failed))

    def _ready(self, name: str, types: Sequence[str], text: str) -> None:
        if name not in self._prepared:
            _prepare(self._session, name, types, text)
            self._prepared.add(name)

    def _call(self, name: str, values: Sequence[str | int | None]) -> list[tuple[Any, ...]]:
        return _call(self._session, name, values)


@dataclass(frozen=True, slots=True)
class _Picked:
    """A range: its first and last key (page ranges: first page and the one after the last), the cursor after it, its size."""

    low: tuple[str, ...]
    high: tuple[str, ...]
    cursor: str
    count: int


_HALF = "the batches before this one are in and journalled; none is repeated"


def _prepare(session: Session, name: str, types: Sequence[str], text: str) -> None:
    session.run([Sql(f"PREPARE {name} ({', '.join(types)}) AS {text}")], atomic=False)


def _call(session: Session, name: str, values: Sequence[str | int | None]) -> list[tuple[Any, ...]]:
    return session.query(f"EXECUTE {name} ({', '.join(['%s'] * len(values))})", values)


# --- the end


def _do_left_over(walk: _Walk) -> None:
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
                _prepare(session, name, part.single_types, part.single)
                prepared.add(part_number)
            try:
                one, changed = _call(
                    session, name, [walk.moment, crew.step.id, part_number, key, *json.loads(key)]
                )[0]
            except StatementFailed as error:
                if not isinstance(error, LockTimeout) and error.sqlstate not in _TRY_AGAIN:
                    raise
                tried += 1
                _wait_or_give_up(walk, began, tried, error)
                continue
            done += 1
            walk.progress.add(0, int(changed), -int(one))
            _tell(walk)
        if done:
            began = crew.clock.now()


def _wait_or_give_up(walk: _Walk, began: float, tried: int, error: Exception | None) -> None:
    crew = walk.crew
    waited = crew.clock.now() - began
    tables = tuple(part.table for part in walk.backfill.parts)
    holders = locks.blockers(crew.session, tables)
    if waited >= crew.bounds.lock_budget_s:
        raise LockNotAcquired(tables, waited, tried, holders, state=_HALF) from error
    crew.reporter.hear(LockWaited(crew.segment, tried, waited, holders))
    crew.clock.sleep(pause_s(tried))


def _remaining(walk: _Walk) -> int:
    """How many rows the statement would still change, over all tables; 0 where no query can tell."""
    found = 0
    session = walk.crew.session
    for part in walk.backfill.parts:
        if part.proof:
            _prepare(session, "midair_proof", part.proof_types, part.proof)
            try:
                found += int(_call(session, "midair_proof", [walk.moment])[0][0])
            finally:
                session.query("DEALLOCATE midair_proof")
    return found


def _tell(walk: _Walk) -> None:
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

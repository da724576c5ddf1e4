"""The workers of a backfill: sessions that walk lanes, a batch at a time, until none is left."""

import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from midair.database.session import Session
from midair.errors import AlreadyRunning, LockNotAcquired, LockTimeout, StatementFailed
from midair.execution import locks
from midair.execution.batch_size import BatchSize
from midair.execution.caution import Caution
from midair.execution.health import Health
from midair.execution.services import pause_s
from midair.execution.signals import Signals
from midair.execution.throttle import Watch
from midair.execution.walk import DEADLOCK, HALF, TRY_AGAIN, Walk, call, prepare, settings_of, tell
from midair.journal import backfills
from midair.journal.backfills import Lane
from midair.model.backfill import Part

_ROWS_A_PAGE = 50
_BRIEF_S = 0.002
"""No batch is made briefer than that: what begins and ends it would cost more than its rows."""
_FEW = 100
"""So many rows are done one by one, where one of them is refused."""
_REFUSALS = ("22", "23", "54")
"""Classes of errors that are about a row's values: data exception, constraint violation, a limit exceeded; and P0001, raised by a function."""


@contextmanager
def watched(walk: Walk) -> Generator[None]:
    """Something looks at the server, where that was asked for, and hears what a person asks for, while the context lasts."""
    crew, pace = walk.crew, walk.crew.bounds.pace
    tables = tuple(part.table for part in walk.backfill.parts) or (walk.backfill.table,)
    signals = Signals(tables, lambda: tuple(walk.sessions), pace.max_wal_bytes_s) if pace.throttled else None
    asks = pace.throttled and pace.health_sql is not None
    health = (
        Health(crew.reconnect, pace.health_sql or "", pace.slowdown, lambda: walk.throttle.duty <= 0.0)
        if asks
        else None
    )
    with Watch(walk.throttle, crew.reconnect, crew.run_id, pace.duty, signals, health):
        yield


def walk_lanes(walk: Walk) -> None:
    """Walks every lane that waits, with as many sessions as the pace says; a worker's failure is raised here."""
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
            tell(walk)
    finally:
        walk.stopped = True
        for each in threads:
            each.join()
        walk.stopped = False
    if walk.failure is not None:
        raise walk.failure


def _work_apart(walk: Walk) -> None:
    try:
        session = walk.crew.reconnect()
        try:
            session.run(settings_of(walk.crew), atomic=False)
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

    def __init__(self, walk: Walk, session: Session, *, tells: bool) -> None:
        self._walk = walk
        self._session = session
        self._tells = tells
        self._alone = False
        pace, intent = walk.crew.bounds.pace, walk.backfill.statement.intent
        self._size = BatchSize(pace.batch_s, pace.first_rows, cap=intent.batch_rows if intent else None)
        self._caution = Caution(_deadlock_timeout_s(session))
        self._prepared = walk.prepared.setdefault(id(session), set())

    def work(self) -> None:
        while (lane := self._walk.next_lane()) is not None:
            self._lane(lane)

    def _lane(self, lane: Lane) -> None:
        walk, clock, part = self._walk, self._walk.crew.clock, self._walk.backfill.parts[lane.part]
        failed, since = 0, clock.now()
        while not walk.stopped:
            if self._tells:
                tell(walk)
            if walk.throttle.duty <= 0.0:
                clock.sleep(walk.throttle.pause_s(0.0))
                continue
            picked = self._pick(part, lane)
            if picked is None:
                self._session.run(
                    [backfills.finish_lane(walk.crew.step.id, lane.number, walk.crew.run_id)], atomic=True
                )
                return
            began = clock.now()
            try:
                lane = self._batch(part, lane, picked)
                failed, since = 0, clock.now()
            except StatementFailed as error:
                if part.alone and _is_refusal(error):
                    # Half the range, and half of that, until few rows are left to be done one by one.
                    self._alone = picked.count <= _FEW
                    self._size.shrink()
                    continue
                if not isinstance(error, LockTimeout) and error.sqlstate not in TRY_AGAIN:
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
        rows = call(self._session, name, values)
        if not rows:
            return None
        size = len(part.key)
        low, top, count = rows[0][:size], rows[0][size : 2 * size], rows[0][-1]
        return _Picked(low, top, json.dumps(top), int(count))

    def _batch(self, part: Part, lane: Lane, picked: "_Picked") -> Lane:
        walk, step = self._walk, self._walk.crew.step
        where = [*picked.low, *picked.high] + ([lane.part] if part.key else [])
        values = [walk.moment, step.id, lane.number, lane.cursor, picked.cursor, *where, picked.count]
        (mine, changed, left), took = self._sent(part, lane.part, values)
        if not mine:
            raise AlreadyRunning(
                f"another run has taken {step.title!r} over from this one, and works on it",
                state="this run did nothing twice; its last batch did nothing",
                hint="look with `midair status` who is at work",
            )
        read = picked.count if part.key else self._size.rows
        # Whoever works less of the time works in smaller pieces: it is within a batch that others wait.
        batch_s = walk.crew.bounds.pace.batch_s
        self._size.aim_s = max(min(_BRIEF_S, batch_s), batch_s * walk.throttle.duty)
        self._size.learn(took, read, changed, left)
        walk.progress.add(picked.count, changed, left if part.key else 0)
        return replace(lane, cursor=picked.cursor)

    def _sent(
        self, part: Part, number: int, values: Sequence[str | int | None]
    ) -> tuple[tuple[int, int, int], float]:
        """One range, straight where that may be tried: whether it was ours, rows changed, rows left; and the seconds it took."""
        clock, caution = self._walk.crew.clock, self._caution
        if part.straight and not caution.wanted(self._size.usual_s):
            began = clock.now()
            try:
                answer = self._called(f"midair_straight_{number}", part.batch_types, part.straight, values)
            except StatementFailed as error:
                if not isinstance(error, LockTimeout) and error.sqlstate != DEADLOCK:
                    raise
                caution.met_a_lock()
            else:
                caution.went_well()
                return answer, clock.now() - began
        began = clock.now()
        name, text = ("alone", part.alone) if self._alone else ("batch", part.batch)
        answer = self._called(f"midair_{name}_{number}", part.batch_types, text, values)
        self._alone = False
        return answer, clock.now() - began

    def _called(
        self, name: str, types: Sequence[str], text: str, values: Sequence[str | int | None]
    ) -> tuple[int, int, int]:
        self._ready(name, types, text)
        mine, changed, left = call(self._session, name, values)[0]
        return mine, changed, left

    def _hold_back(self, part: Part, failed: int, waited_s: float, error: StatementFailed) -> None:
        """A batch met a lock it cannot pass (a trigger's, a foreign key's) or was in somebody's way."""
        crew = self._walk.crew
        self._size.shrink()
        if waited_s >= crew.bounds.lock_budget_s:
            holders = locks.blockers(self._session, (part.table,))
            raise LockNotAcquired((part.table,), waited_s, failed, holders, state=HALF) from error
        crew.clock.sleep(pause_s(failed))

    def _ready(self, name: str, types: Sequence[str], text: str) -> None:
        if name not in self._prepared:
            prepare(self._session, name, types, text)
            self._prepared.add(name)


def _is_refusal(error: StatementFailed) -> bool:
    return error.sqlstate is not None and (error.sqlstate[:2] in _REFUSALS or error.sqlstate == "P0001")


def _deadlock_timeout_s(session: Session) -> float:
    rows = session.query("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'")
    return rows[0][0] / 1000


@dataclass(frozen=True, slots=True)
class _Picked:
    """A range: its first and last key (page ranges: first page and the one after the last), the cursor after it, its size."""

    low: tuple[str, ...]
    high: tuple[str, ...]
    cursor: str
    count: int

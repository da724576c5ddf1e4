"""How hard a backfill may work right now: what the server shows, judged once a second on a session of its own.

Signals and limits are those of expand-contract.md §7.2. The share of time that batches may fill (the
duty) is cut in half on a soft signal, to nothing on a hard one, and grows back slowly.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from midair.database.session import Session
from midair.errors import MidairError, StatementFailed
from midair.execution.services import Reconnect

_EVERY_S = 0.5
_LEAST = 0.01
_REGROWTH_PER_S = 0.05
_MIB = 1 << 20

# Standbys: how far replay is behind, in seconds and bytes. Slots: how much log they hold back.
_LAG = """
SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)::float8,
       coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::float8
FROM pg_stat_replication WHERE state = 'streaming'
"""
_SLOTS = """
SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn))), 0)::float8
FROM pg_replication_slots WHERE active
"""
# The log written so far, and the files that wait to be archived.
_LOG = """
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
       CASE WHEN current_setting('archive_mode') = 'off' OR last_archived_wal IS NULL THEN 0
            ELSE (pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / pg_size_bytes(current_setting('wal_segment_size')))::float8
                 - (('x' || substr(last_archived_wal, 9, 8))::bit(32)::bigint * (4294967296 / pg_size_bytes(current_setting('wal_segment_size')))
                    + ('x' || substr(last_archived_wal, 17, 8))::bit(32)::bigint)::float8 END
FROM pg_stat_archiver
"""
# The oldest transaction of somebody else; rows dead since it began cannot be freed.
_OLDEST = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND application_name NOT LIKE 'midair%%' AND datname = current_database()
"""
# Dead rows beside live ones in the tables that are worked on. Counters begin at 0 again after a crash or a restore: the
# planner's own estimate, which does not, tells then that the rest is alive.
_DEAD = """
SELECT coalesce(sum(n_dead_tup), 0)::float8, coalesce(sum(greatest(n_live_tup, reltuples - n_dead_tup)), 0)::float8
FROM pg_stat_user_tables JOIN pg_class ON oid = relid WHERE relid IN (SELECT to_regclass(name)::oid FROM unnest(string_to_array(%s, chr(31))) AS name)
"""
# Sessions that wait for one of ours, and the longest of those waits.
_WAITERS = """
SELECT ours.pid, max(extract(epoch FROM clock_timestamp() - waiting.query_start))::float8
FROM pg_stat_activity AS waiting, unnest(pg_blocking_pids(waiting.pid)) AS ours(pid)
WHERE waiting.wait_event_type = 'Lock' AND ours.pid = ANY (string_to_array(%s, ',')::int[])
GROUP BY ours.pid
"""
# Sessions at work, and the time statements on the table took since the extension began to count.
_STATEMENTS = """
SELECT coalesce(sum(calls), 0)::float8, coalesce(sum(total_exec_time), 0)::float8
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query ILIKE %s AND query NOT LIKE '%%midair%%'
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """From `soft` on the work is halved again and again, but for `least`; from `hard` on it stops, or goes down to `least`.

    `least` is above 0 where only time helps (vacuum, somebody's long transaction): stopping would wait for ever.
    """

    what: str
    soft: float
    hard: float
    least: float = 0.0


LAG_S = Limit("a standby is {:.1f} s behind", 2, 10)
LAG_BYTES = Limit("a standby is {:.0f} bytes behind", 64 * _MIB, 512 * _MIB)
SLOT_BYTES = Limit("a replication slot holds {:.0f} bytes of log", 256 * _MIB, 1024 * _MIB)
ARCHIVE_FILES = Limit("{:.0f} log files wait to be archived", 20, 42)
OLDEST_S = Limit("a transaction has been open for {:.0f} s, dead rows cannot be freed", 300, 1800, 0.1)
DEAD_SHARE = Limit("{:.0%} of the rows are dead, autovacuum is behind", 0.3, 0.6, 0.25)
WAITED_S = Limit("a session waits for a batch since {:.2f} s", 0.1, 0.5)
SLOWDOWN = Limit("statements on the table take {:.1f} times as long as before", 1.5, 4)


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal as it was read."""

    limit: Limit
    value: float


def duty_after(duty: float, readings: Sequence[Reading], most: float, elapsed_s: float) -> tuple[float, str]:
    """The duty of the next moment and what holds it down: cut at once by the worst signal, grown back by 5 % of the whole a second."""
    beyond = [each for each in readings if each.value >= each.limit.soft]
    if not beyond:
        return min(most, max(_LEAST, duty) + _REGROWTH_PER_S * elapsed_s), ""
    cuts = [(_cut(duty, each), each) for each in beyond]
    after, worst = min(cuts, key=lambda cut: cut[0])
    return min(most, after), worst.limit.what.format(worst.value)


def _cut(duty: float, reading: Reading) -> float:
    least = reading.limit.least
    if reading.value >= reading.limit.hard:
        return least
    return max(least, _LEAST, duty / 2) if duty > least else max(duty, _LEAST)


@dataclass
class Throttle:
    """Shared by the workers: `duty` is how much of the time they may fill, `reason` why it is not all of it."""

    duty: float = 1.0
    reason: str = ""

    def pause_s(self, batch_s: float) -> float:
        """How long to rest after a batch; while nothing may be done, the time until it is worth asking again."""
        if self.duty <= 0.0:
            return _EVERY_S
        return batch_s * (1 - self.duty) / self.duty


@dataclass
class Watch:
    """Reads the signals in a thread of its own until it is told to end."""

    throttle: Throttle
    reconnect: Reconnect
    tables: tuple[str, ...]
    sessions: Callable[[], Sequence[Session]]
    most: float
    max_wal_bytes_s: float | None = None
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _log_bytes: float | None = None
    _usual_ms: float | None = None
    _calls: tuple[float, float] | None = None
    _unreadable: set[str] = field(default_factory=set[str])

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._run, name="midair throttle", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            session = self.reconnect()
        except MidairError:
            # No connection left for a look: half the work, for it may be us who took the last one.
            self.throttle.duty, self.throttle.reason = (
                min(0.5, self.most),
                "no connection is free to look at the server",
            )
            return
        try:
            self._look_until_ended(session)
        except MidairError as error:
            self.throttle.duty, self.throttle.reason = (
                min(0.5, self.most),
                f"the server cannot be watched: {error.message}",
            )
        finally:
            session.close()

    def _look_until_ended(self, session: Session) -> None:
        self._usual(session)
        while not self._ended.wait(_EVERY_S):
            readings = [*self._server(session), *self._waiters(session)]
            most, unseen = self.most, ""
            if self._unreadable:
                # A signal that nobody may read counts as a soft one.
                most = min(most, 0.5)
                unseen = f"{', '.join(sorted(self._unreadable))} cannot be read; GRANT pg_monitor would help"
            self.throttle.duty, reason = duty_after(self.throttle.duty, readings, most, _EVERY_S)
            self.throttle.reason = reason or unseen

    def _rows(
        self, session: Session, what: str, query: str, parameters: Sequence[Any] = ()
    ) -> tuple[Any, ...] | None:
        try:
            rows = session.query(query, parameters)
        except StatementFailed:
            session.abandon()
            self._unreadable.add(what)
            return None
        return rows[0] if rows else None

    def _server(self, session: Session) -> list[Reading]:
        found: list[Reading] = []
        if (lag := self._rows(session, "replication", _LAG)) is not None:
            found += [Reading(LAG_S, lag[0]), Reading(LAG_BYTES, lag[1])]
        if (slots := self._rows(session, "replication slots", _SLOTS)) is not None:
            found.append(Reading(SLOT_BYTES, slots[0]))
        if (log := self._rows(session, "the log's position", _LOG)) is not None:
            found += [Reading(ARCHIVE_FILES, log[1]), *self._log_rate(log[0])]
        if (oldest := self._rows(session, "other sessions", _OLDEST)) is not None:
            found.append(Reading(OLDEST_S, oldest[0]))
        if (dead := self._rows(session, "dead rows", _DEAD, (chr(31).join(self.tables),))) is not None:
            share = dead[0] / (dead[0] + dead[1]) if dead[1] and dead[0] > 50_000 else 0.0
            found.append(Reading(DEAD_SHARE, share))
        return [*found, *self._slowdown(session)]

    def _log_rate(self, log_bytes: float) -> list[Reading]:
        before, self._log_bytes = self._log_bytes, log_bytes
        if self.max_wal_bytes_s is None or before is None:
            return []
        rate = (log_bytes - before) / _EVERY_S
        most = self.max_wal_bytes_s
        return [Reading(Limit("{:.0f} bytes of log a second", 0.6 * most, 0.9 * most), rate)]

    def _waiters(self, session: Session) -> list[Reading]:
        workers = {getattr(each, "backend_pid", 0): each for each in self.sessions()}
        rows = session.query(_WAITERS, (",".join(str(pid) for pid in workers) or "0",))
        for pid, waited in rows:
            if waited >= WAITED_S.hard and pid in workers:
                with suppress(MidairError):
                    workers[pid].cancel()  # its batch is rolled back and tried again, smaller
        return [Reading(WAITED_S, waited) for _, waited in rows]

    def _usual(self, session: Session) -> None:
        """What a statement on the table takes as a rule, where the server counts that."""
        try:
            rows = session.query(_STATEMENTS, (self._pattern(),))
        except StatementFailed:
            session.abandon()
            return
        calls, total_ms = rows[0]
        self._calls = (calls, total_ms)
        self._usual_ms = total_ms / calls if calls >= 100 else None

    def _slowdown(self, session: Session) -> list[Reading]:
        if self._usual_ms is None or self._calls is None:
            return []
        before = self._calls
        rows = session.query(_STATEMENTS, (self._pattern(),))
        calls, total_ms = rows[0][0] - before[0], rows[0][1] - before[1]
        if calls < 20:
            return []
        self._calls = (rows[0][0], rows[0][1])
        return [Reading(SLOWDOWN, total_ms / calls / max(self._usual_ms, 0.05))]

    def _pattern(self) -> str:
        bare = self.tables[0].rpartition(".")[2].strip('"')
        return (
            f"%{bare.replace(chr(92), chr(92) * 2).replace('%', chr(92) + '%').replace('_', chr(92) + '_')}%"
        )

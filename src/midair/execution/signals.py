"""What the server shows of how well it bears a backfill: signals, their limits, and the queries that read them.

Signals and limits are those of expand-contract.md §7.2.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from midair.database.session import Session
from midair.errors import MidairError, StatementFailed

EVERY_S = 0.5
"""How often they are read."""
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
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8,
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
SELECT coalesce(sum(n_dead_tup), 0)::float8, coalesce(sum(greatest(n_live_tup, reltuples)), 0)::float8
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
DEAD_SHARE = Limit("{:.0%} of the rows are dead, autovacuum is behind", 0.55, 0.75, 0.25)
"""A whole pass leaves one dead row beside each live one, which is what the plan counts on: slower before that would only take
longer, for autovacuum comes by its own clock. Beyond it the table would grow further than that."""
WAITED_S = Limit("a session waits for a batch since {:.2f} s", 0.1, 0.5)
SLOWDOWN = Limit("statements on the table take {:.1f} times as long as before", 1.5, 4)


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal as it was read."""

    limit: Limit
    value: float


@dataclass
class Signals:
    """Reads them for the tables that are worked on. `sessions` are those that work; a batch of theirs that others wait for
    too long is cancelled. `max_wal_bytes_s` is the most log that the server should write a second, by anybody.
    `unreadable` are those that the role may not see.
    """

    tables: tuple[str, ...]
    sessions: Callable[[], Sequence[Session]]
    max_wal_bytes_s: float | None = None
    unreadable: set[str] = field(default_factory=set[str])
    _log_bytes: float | None = None
    _usual_ms: float | None = None
    _calls: tuple[float, float] | None = None

    def begin(self, session: Session) -> None:
        """Before the first batch: what a statement on the table takes as a rule, where the server counts that."""
        try:
            rows = session.query(_STATEMENTS, (self._pattern(),))
        except StatementFailed:
            session.abandon()
            return
        calls, total_ms = rows[0]
        self._calls = (calls, total_ms)
        self._usual_ms = total_ms / calls if calls >= 100 else None

    def read(self, session: Session) -> list[Reading]:
        """Every one of them, now."""
        return [*self._server(session), *self._waiters(session)]

    def _rows(
        self, session: Session, what: str, query: str, parameters: Sequence[Any] = ()
    ) -> tuple[Any, ...] | None:
        try:
            rows = session.query(query, parameters)
        except StatementFailed:
            session.abandon()
            self.unreadable.add(what)
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
        rate = (log_bytes - before) / EVERY_S
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

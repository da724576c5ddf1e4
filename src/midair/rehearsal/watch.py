"""A session that looks around after each of the user's statements: locks, files, scans, WAL, time.

It stands where the executor's session stands, so the executor that rehearses is the one that runs.
"""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from midair.database.session import Session
from midair.errors import ExecutionError, StatementFailed
from midair.model.address import Address, Product
from midair.model.effects import Effects, LockLevel
from midair.model.statement import Parameter, Sql, Statement
from midair.model.trace import Sighting
from midair.rehearsal.predict import Forecast

_NAME = (
    "CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname)"
)
_FILES = f"""
SELECT c.oid::int8, {_NAME}, c.relfilenode::int8, c.relkind::text, t.seq_scan,
       CASE c.relkind WHEN 'i' THEN (SELECT x.indrelid::int8 FROM pg_index x WHERE x.indexrelid = c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN {{statistics}} t ON t.relid = c.oid
WHERE c.relkind IN ('r', 'm', 'i', 'p', 'I', 'v', 'S') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'midair')
"""
_LOCKS = """
SELECT relation::int8, mode FROM pg_locks
WHERE locktype = 'relation' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_LEVELS = {level.name.title().replace("_", "") + "Lock": level for level in LockLevel}


@dataclass(frozen=True, slots=True)
class _View:
    """The database at one moment: oid → (name, file, kind, scans so far, table of an index)."""

    relations: dict[int, tuple[str, int, str, int, int | None]]
    locks: dict[int, LockLevel]
    wal: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting beside what had been expected; statements of one transaction share its number.

    `asked` are locks that the executor took before it sent the transaction's statements.
    """

    sighting: Sighting
    expected: Effects | None
    began_s: float
    transaction: int
    asked: tuple[tuple[str, LockLevel], ...] = ()


class Watched:
    """See `session.Session`. `beside` is a second session on the same database, for what no transaction may hold."""

    product = Product.POSTGRESQL

    def __init__(self, inner: Session, beside: Session, forecast: Forecast) -> None:
        self._inner = inner
        self._beside = beside
        self._forecast = forecast
        self._expected: Effects | None = None
        self._began = time.perf_counter()
        self.address: Address = inner.address
        self.server_version = inner.server_version
        self._pid = int(inner.query("SELECT pg_backend_pid()")[0][0])
        self._settled: frozenset[int] = frozenset()
        self._transaction = 0
        self._asked: tuple[tuple[str, LockLevel], ...] = ()
        self.seen: list[Seen] = []

    def query(self, text: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query we wrote."""
        return self._inner.query(text, parameters)

    def run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """Sends item by item, and looks around after each of the user's own."""
        if not any(isinstance(item, Statement) for item in batch):
            if not atomic and isinstance(batch[0], Sql) and batch[0].text == "BEGIN":
                self._settled = frozenset(self._view(inside=False).relations)
            self._inner.run(batch, atomic=atomic)
            return
        inside = atomic or self._is_inside()
        if not inside or atomic:
            self._settled = frozenset(self._view(inside=False).relations)
        self._transaction += 1
        self._asked = self._held() if inside and not atomic else ()
        self._forecast.refresh()
        if atomic:
            self._inner.run([Sql("BEGIN")], atomic=False)
        try:
            for index, item in enumerate(batch):
                self._send(item, index, inside=inside)
        except StatementFailed:
            if atomic:
                self._inner.abandon()
            raise
        if atomic:
            self._commit(len(batch) - 1)

    def run_each(self, batches: Sequence[Sequence[Sql | Statement]]) -> int:
        """None: each transaction is watched by itself."""
        return 0

    def try_lock(self, key: int) -> bool:
        """As the session."""
        return self._inner.try_lock(key)

    def unlock(self, key: int) -> None:
        """As the session."""
        self._inner.unlock(key)

    def abandon(self) -> None:
        """As the session."""
        self._inner.abandon()

    def take_notices(self) -> list[tuple[str, str]]:
        """As the session."""
        return self._inner.take_notices()

    def close(self) -> None:
        """As the session."""
        self._inner.close()

    def cancel(self) -> None:
        """As the session."""
        self._inner.cancel()

    def lose_thread(self) -> None:
        """Somebody else changed the schema: what is predicted next begins with reading it again."""
        self._forecast.lose_thread()

    def _commit(self, last: int) -> None:
        try:
            self._inner.run([Sql("COMMIT")], atomic=False)
        except StatementFailed as error:  # a deferred constraint speaks up now
            error.index = last
            raise

    def _send(self, item: Sql | Statement, index: int, *, inside: bool) -> None:
        try:
            if isinstance(item, Sql):
                self._inner.run([item], atomic=False)
                if item.text.startswith("LOCK TABLE"):
                    self._asked = self._held()
                return
            self._expected = self._forecast.of(item)
            if inside:
                self._watch_inside(item)
            else:
                self._watch_from_beside(item)
        except StatementFailed as error:
            error.index = index
            raise

    @contextmanager
    def watching_batches(self, statement: Statement) -> Generator[None]:
        """What all sessions of the executor do together for one statement, seen from beside."""
        before = self._view(inside=False)
        self._settled = frozenset(before.relations)
        self._forecast.refresh()
        self._expected, self._asked = self._forecast.of(statement), ()
        self._transaction += 1
        seen: dict[int, LockLevel] = {}
        began = time.perf_counter()
        with self._sampling(seen, everyone=True):
            yield
        took = time.perf_counter() - began
        self._note(statement, before, self._view(inside=False), seen, took, sampled=True)

    def _watch_inside(self, statement: Statement) -> None:
        before = self._view(inside=True)
        began = time.perf_counter()
        self._inner.run([statement], atomic=False)
        took = time.perf_counter() - began
        after = self._view(inside=True) if self._is_inside() else self._view(inside=False)
        added = {
            oid: level for oid, level in after.locks.items() if level > before.locks.get(oid, LockLevel.NONE)
        }
        self._note(statement, before, after, added, took)

    def _watch_from_beside(self, statement: Statement) -> None:
        before = self._view(inside=False)
        seen: dict[int, LockLevel] = {}
        began = time.perf_counter()
        with self._sampling(seen):
            self._inner.run([statement], atomic=False)
        took = time.perf_counter() - began
        inside_now = self._is_inside()  # it was the author's own BEGIN
        after = self._view(inside=inside_now)
        self._note(statement, before, before if inside_now else after, seen, took, sampled=True)

    def _note(
        self, statement: Statement, before: _View, after: _View, locks: dict[int, LockLevel], took: float, *, sampled: bool = False
    ) -> None:  # fmt: skip
        strongest: dict[str, LockLevel] = {}
        for oid, level in locks.items():
            if oid in self._settled and oid in before.relations and before.relations[oid][2] != "S":
                name, _, _, _, table = before.relations[oid]
                held = max(locks.get(table or 0, LockLevel.NONE), after.locks.get(table or 0, LockLevel.NONE))
                if table is not None and held >= level:
                    continue  # an index whose table is held as strongly keeps nobody out besides
                strongest[name] = max(level, strongest.get(name, LockLevel.NONE))
        old = {oid: each for oid, each in before.relations.items() if oid in self._settled}
        moved = [oid for oid, each in after.relations.items() if oid in old and each[1] != old[oid][1]]
        scanned = {
            old[oid][0] for oid, each in after.relations.items() if oid in old and each[3] > old[oid][3]
        }
        self.seen.append(
            Seen(
                expected=self._expected,
                began_s=time.perf_counter() - self._began - took,
                transaction=self._transaction,
                asked=self._asked,
                sighting=Sighting(
                    statement=statement,
                    locks=tuple(sorted(strongest.items())),
                    rewrites=frozenset(old[oid][0] for oid in moved if old[oid][2] in "rm"),
                    rebuilds=frozenset(
                        before.relations[table][0]
                        for oid in moved
                        if (table := old[oid][4]) is not None and table in before.relations
                    ),
                    scans=frozenset(scanned) if not sampled or self.server_version >= 150_000 else None,
                    wal_bytes=max(0, after.wal - before.wal),
                    took_s=took,
                    sampled=sampled,
                ),
            )
        )

    def _held(self) -> tuple[tuple[str, LockLevel], ...]:
        view = self._view(inside=True)
        held = ((view.relations[oid][0], level) for oid, level in view.locks.items() if oid in view.relations)
        return tuple(sorted(each for each in held if each[1] >= LockLevel.SHARE_UPDATE_EXCLUSIVE))

    def _is_inside(self) -> bool:
        """Whether a transaction is open: in an implicit one the transaction begins with the statement."""
        return bool(self._inner.query("SELECT pg_catalog.now() < pg_catalog.statement_timestamp()")[0][0])

    def _view(self, *, inside: bool) -> _View:
        if not inside and self.server_version >= 150_000:
            self._inner.query("SELECT pg_catalog.pg_stat_force_next_flush()")
        statistics = "pg_stat_xact_all_tables" if inside else "pg_stat_all_tables"
        rows = self._inner.query(_FILES.format(statistics=statistics))
        locks = self._locks(self._inner) if inside else {}
        wal = int(self._inner.query("SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])
        relations = {
            oid: (name, file, kind, scans or 0, table) for oid, name, file, kind, scans, table in rows
        }
        return _View(relations, locks, wal)

    def _locks(self, session: Session, *, everyone: bool = False) -> dict[int, LockLevel]:
        found: dict[int, LockLevel] = {}
        whose = "pid <> pg_backend_pid() AND %s IS NOT NULL" if everyone else "pid = %s"
        for oid, mode in session.query(f"{_LOCKS} AND {whose}", (self._pid,)):
            found[oid] = max(_LEVELS[mode], found.get(oid, LockLevel.NONE))
        return found

    @contextmanager
    def _sampling(self, seen: dict[int, LockLevel], *, everyone: bool = False) -> Generator[None]:
        over = threading.Event()

        def look() -> None:
            pause = 0.0002
            with suppress(ExecutionError):  # a server that goes away is the other session's to tell
                while not over.wait(pause):
                    for oid, level in self._locks(self._beside, everyone=everyone).items():
                        seen[oid] = max(level, seen.get(oid, LockLevel.NONE))
                    pause = min(pause * 1.05, 0.02)

        watcher = threading.Thread(target=look, name="midair lock sampler", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

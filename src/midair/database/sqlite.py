"""A SQLite session: autocommit outside `run(atomic=True)`, which is one IMMEDIATE transaction."""

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from midair.database.session import Guard
from midair.errors import ExecutionError, LockTimeout, LoginRefused, ReadOnly, StatementFailed, Unreachable
from midair.model.address import Address, Product
from midair.model.statement import Parameter, Sql, Statement

_READ_S = 10
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteSession:
    """See `session.Session`."""

    product = Product.SQLITE
    server_version = int("".join(f"{part:03d}" for part in sqlite3.sqlite_version_info))

    def __init__(self, connection: sqlite3.Connection, address: Address, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard
        self.address = address
        self._locks: dict[int, tuple[int, str]] = {}

    @classmethod
    def open(cls, address: Address, guard: Guard) -> "SqliteSession":
        """Opens the file, creating it where it is absent; see `open_session` for what it raises."""
        try:
            connection = sqlite3.connect(address.database, timeout=_READ_S, isolation_level=None)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise Unreachable(
                f"could not open {address.database}: {error}", hint="check the path and its permissions"
            ) from error
        except sqlite3.DatabaseError as error:
            raise LoginRefused(f"{address.database} is not a SQLite database: {error}") from error
        return cls(connection, address, guard)

    def query(self, text: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query we wrote."""
        try:
            return self._connection.execute(text.replace("%s", "?"), tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise _translated(error, 0) from error

    def run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """Sends all of it; see `session.Session.run`."""
        with self._patience():
            self._run(batch, atomic=atomic)

    def _run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        if atomic:
            self._execute(Sql("BEGIN IMMEDIATE"), 0)
        for index, item in enumerate(batch):
            try:
                self._execute(item, index)
            except ExecutionError:
                if atomic:
                    self._roll_back()
                raise
        if atomic:
            try:
                self._execute(Sql("COMMIT"), max(0, len(batch) - 1))
            except ExecutionError:
                self._roll_back()
                raise

    @contextmanager
    def _patience(self) -> Generator[None]:
        """Bounds the waits of what writes; one that only looks waits longer, because nobody queues behind it."""
        self._connection.execute(f"PRAGMA busy_timeout = {self._guard.lock_wait_ms:d}")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {_READ_S * 1000:d}")

    def run_each(self, batches: Sequence[Sequence[Sql | Statement]]) -> int:
        """One after the other: there is no way to the server that could be shared."""
        for number, batch in enumerate(batches):
            try:
                self.run(batch, atomic=True)
            except (StatementFailed, LockTimeout):
                return number
        return len(batches)

    def try_lock(self, key: int) -> bool:
        """A lock on a file beside the database, which the kernel ends with us.

        SQLite has no advisory locks, and a transaction on the database itself would stop its readers.
        """
        if self.address.database == ":memory:" or key in self._locks:
            return True
        path = f"{os.path.realpath(self.address.database)}-midair-{key & 0xFFFFFFFFFFFFFFFF:x}"
        while True:
            held = _open_locked(path)
            if held is None:
                return False
            if _is_at(held, path):
                self._locks[key] = (held, path)
                return True
            os.close(held)  # its holder removed it between our opening and our locking

    def unlock(self, key: int) -> None:
        """Removes the lock's file, then lets it go: whoever opened it meanwhile notices that it is gone."""
        if key in self._locks:
            held, path = self._locks.pop(key)
            with suppress(OSError):
                os.unlink(path)
            os.close(held)

    def abandon(self) -> None:
        """Rolls back whatever an interruption left open."""
        with suppress(sqlite3.Error):
            self._roll_back()

    def take_notices(self) -> list[tuple[str, str]]:
        """SQLite says nothing beside its answers."""
        return []

    def close(self) -> None:
        """Closes the file and lets every lock go."""
        for key in tuple(self._locks):
            self.unlock(key)
        with suppress(sqlite3.Error):
            self._connection.close()

    def cancel(self) -> None:
        """Interrupts the running statement."""
        self._connection.interrupt()

    def _execute(self, item: Sql | Statement, index: int) -> None:
        try:
            if isinstance(item, Sql):
                self._connection.execute(item.text.replace("%s", "?"), item.parameters)
            else:
                self._connection.execute(item.sql)
        except sqlite3.Error as error:
            raise _translated(error, index) from error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _open_locked(path: str) -> int | None:
    """A descriptor that holds the lock; `None`: another process does."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise ReadOnly(
            f"the folder of the database file cannot be written: {error.strerror}",
            hint="SQLite itself needs to write there for its journal",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _translated(error: sqlite3.Error, index: int) -> ExecutionError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = getattr(error, "sqlite_errorname", None)
    if code in _BUSY:
        return LockTimeout(
            f"the database file is locked by another connection ({error})", sqlstate=name, index=index
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ReadOnly(
            f"the database file cannot be written: {error}",
            hint="check the permissions of the file and its folder",
        )
    return StatementFailed(str(error), sqlstate=name, index=index)


def copied(source: str, into: str) -> None:
    """The file as it is now, by SQLite's own backup; the source is opened for reading only.

    Raises:
        Unreachable: it cannot be opened or copied.
    """
    try:
        with (
            closing(
                sqlite3.connect(f"{Path(source).resolve().as_uri()}?mode=ro", uri=True, timeout=_READ_S)
            ) as first,
            closing(sqlite3.connect(into)) as second,
        ):
            first.backup(second)
    except sqlite3.Error as error:
        raise Unreachable(
            f"could not copy {source}: {error}", hint="check the path and its permissions"
        ) from error

"""A MariaDB session over PyMySQL: autocommit outside `run(atomic=True)`, one statement a message.

DDL commits by itself there, and what was open before it: a transaction holds rows only. Whoever sends DDL
journals before and after it (execution/execute.py).
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from math import ceil
from typing import Any

import pymysql  # noqa: TID253 - this module is only imported to open a session

from midair.database.mariadb_address import keywords_of
from midair.database.mariadb_errors import LOST, number_of, translated, translated_connect
from midair.database.session import Guard
from midair.errors import (
    CommitUnanswered,
    ConnectionLost,
    ExecutionError,
    LockTimeout,
    StatementFailed,
    Unsupported,
)
from midair.model.address import Address, Product
from midair.model.frozen import replace
from midair.model.statement import Parameter, Sql, Statement

_SETTINGS = "SET SESSION sql_mode = concat_ws(',', nullif(@@sql_mode, ''), 'STRICT_TRANS_TABLES'), lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}, max_statement_time = {statement}"
"""A value that does not fit is an error, never cut: what MariaDB's JDBC driver asks for, and with it Liquibase."""
_OLDEST = 100_600
"""The first server whose DDL happens whole or not at all (manual, "Atomic DDL"): what the probes stand on."""
_DEFAULT_WAIT_S = 86400
"""The server's own bound on a wait for a table's metadata lock: a day (manual, `lock_wait_timeout`)."""


class MariadbSession:
    """See `session.Session`. Waits are bounded in whole seconds, which is as fine as the server counts them."""

    product = Product.MARIADB

    def __init__(self, connection: Any, address: Address) -> None:
        self._connection = connection
        self.address = replace(address, product=Product.MARIADB)
        self.server_version = _version(str(connection.get_server_info()))
        self._notices: list[tuple[str, str]] = []

    @classmethod
    def open(cls, address: Address, guard: Guard, application_name: str) -> "MariadbSession":
        """Connects with autocommit; see `open_session` for what it raises."""
        keywords = keywords_of(address)
        try:
            connection: Any = pymysql.connect(**keywords, autocommit=True, program_name=application_name)
        except pymysql.MySQLError as error:
            raise translated_connect(error, address) from None  # its frames hold the password
        try:
            _refuse_others(str(connection.get_server_info()), address)
        except Unsupported:
            connection.close()
            raise
        session = cls(connection, address)
        wait = max(1, ceil(guard.lock_wait_ms / 1000)) if guard.lock_wait_ms else _DEFAULT_WAIT_S
        session.query(_SETTINGS.format(wait=wait, statement=guard.statement_ms / 1000))
        return session

    @property
    def backend_pid(self) -> int:
        """The server's number of this connection."""
        return int(self._connection.thread_id())

    def query(self, text: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query we wrote."""
        return self._execute(text, parameters, 0)

    def run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """Sends all of it, one after the other; see `session.Session.run`."""
        if atomic:
            self._execute("START TRANSACTION", (), 0)
        for index, item in enumerate(batch):
            try:
                self._send(item, index)
            except ExecutionError:
                if atomic:
                    self.abandon()
                raise
        if atomic:
            self._commit(max(0, len(batch) - 1))

    def run_each(self, batches: Sequence[Sequence[Sql | Statement]]) -> int:
        """One after the other: the server takes one statement a message."""
        for number, batch in enumerate(batches):
            try:
                self.run(batch, atomic=True)
            except (StatementFailed, LockTimeout):
                return number
        return len(batches)

    def try_lock(self, key: int) -> bool:
        """A named lock of the server, which ends with the connection; names are the server's, so ours say the database."""
        return self.query("SELECT GET_LOCK(%s, 0)", (self._lock_name(key),))[0][0] == 1

    def unlock(self, key: int) -> None:
        """Lets the named lock go."""
        self.query("SELECT RELEASE_LOCK(%s)", (self._lock_name(key),))

    def abandon(self) -> None:
        """Rolls back whatever an interruption left open; never raises."""
        with suppress(ExecutionError):
            self._execute("ROLLBACK", (), 0)

    def take_notices(self) -> list[tuple[str, str]]:
        """What the server warned of meanwhile."""
        taken, self._notices = self._notices, []
        return taken

    def close(self) -> None:
        """Ends the session, and with it its locks."""
        with suppress(pymysql.MySQLError, OSError):
            self._connection.close()

    def cancel(self) -> None:
        """Ends the running statement from a connection of its own."""
        with suppress(pymysql.MySQLError, OSError):
            other: Any = pymysql.connect(**keywords_of(self.address), autocommit=True)
            try:
                other.kill(self.backend_pid)
            finally:
                other.close()

    def _lock_name(self, key: int) -> str:
        # At most 64 characters (manual, GET_LOCK).
        return (
            f"midair {sha256(self.address.database.encode()).hexdigest()[:24]} {key & 0xFFFFFFFFFFFFFFFF:x}"
        )

    def _send(self, item: Sql | Statement, index: int) -> None:
        if isinstance(item, Sql):
            self._execute(item.text, item.parameters, index)
        else:
            self._execute(item.sql, (), index, warned=True)

    def _commit(self, index: int) -> None:
        try:
            self._execute("COMMIT", (), index)
        except ConnectionLost as error:
            raise CommitUnanswered(f"lost the connection while committing: {error.message}") from error

    def _execute(
        self, text: str, parameters: Sequence[Parameter], index: int, *, warned: bool = False
    ) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text, tuple(parameters) or None)
                rows = list(cursor.fetchall()) if cursor.description else []
                if warned and cursor.warning_count:
                    self._notices += [
                        (str(level).upper(), str(message))
                        for level, _, message in self._connection.show_warnings()
                    ]
                return rows
        except pymysql.MySQLError as error:
            if not self._connection.open or number_of(error) in LOST:
                raise ConnectionLost(f"lost the connection: {_reason(error)}") from error
            raise translated(error, index) from error


def _refuse_others(said: str, address: Address) -> None:
    """Raises `Unsupported` for servers on which midair's statements, or what it infers after a crash, would not hold."""
    where = address.host or "the server"
    if "mariadb" not in said.lower():
        raise Unsupported(
            f"{where} is MySQL {said}, and midair works with MariaDB only",
            state="nothing was changed",
            hint="run these migrations with the tool itself",
        )
    if _version(said) < _OLDEST:
        raise Unsupported(
            f"{where} is MariaDB {said}, whose DDL can be cut off half-way",
            state="nothing was changed",
            hint="midair needs 10.6 or later",
        )


def _reason(error: Exception) -> str:
    return str(error.args[-1] if error.args and error.args[-1] else "the server closed it")


def _version(said: str) -> int:
    """`10.11.19-MariaDB-…`, before which old servers put `5.5.5-`, as 101119."""
    numbers = said.removeprefix("5.5.5-").partition("-")[0].split(".")
    major, minor, patch = (*(int(each) if each.isdecimal() else 0 for each in numbers), 0, 0, 0)[:3]
    return major * 10_000 + minor * 100 + patch

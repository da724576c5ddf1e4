"""A PostgreSQL session over psycopg, in the simple protocol the migration tools themselves speak.

One message carries a whole transaction (`BEGIN; …; COMMIT`): one round trip, and PostgreSQL
answers statement by statement, so a failure still names its statement.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, LiteralString, cast

import psycopg  # noqa: TID253 - this module is only imported to open a session
from psycopg import pq, sql  # noqa: TID253
from psycopg.conninfo import make_conninfo  # noqa: TID253

from midair.database.postgresql_errors import translated, translated_connect
from midair.database.session import Guard
from midair.errors import CommitUnanswered, ConnectionLost, StatementFailed
from midair.model.address import Address, Product
from midair.model.statement import Parameter, Sql, Statement

_CONNECT_TIMEOUT_S = 10
_MESSAGE_BYTES = 8 << 20
"""PostgreSQL refuses a message over 1 GiB, and plans every statement of one before it frees the first."""


class PostgresqlSession:
    """See `session.Session`."""

    product = Product.POSTGRESQL

    def __init__(
        self, connection: psycopg.Connection[tuple[Any, ...]], address: Address, guard: Guard
    ) -> None:
        self._connection = connection
        self.address = address
        self.guard = guard
        self.server_version = connection.info.server_version
        self.notices: list[tuple[str, str]] = []
        self._locked = False
        connection.add_notice_handler(self._keep_notice)

    @classmethod
    def open(cls, address: Address, guard: Guard, application_name: str) -> "PostgresqlSession":
        """Connects with autocommit; see `open_session` for what it raises."""
        keywords = dict(address.options)
        # Guards travel in the start-up packet: they hold before the first statement does.
        bounds = f"-c lock_timeout={guard.lock_wait_ms} -c statement_timeout={guard.statement_ms}"
        keywords["options"] = f"{keywords.get('options', '')} {bounds}".strip()
        keywords.setdefault("connect_timeout", str(_CONNECT_TIMEOUT_S))
        keywords["application_name"] = application_name
        named = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "dbname": address.database or None,
            "password": address.password.reveal() if address.password else None,
        }
        keywords |= {key: str(value) for key, value in named.items() if value is not None}
        try:
            connection = psycopg.connect(make_conninfo("", **keywords), autocommit=True)
        except psycopg.Error as error:
            raise translated_connect(error, address) from None  # the driver's text may quote the password
        return cls(connection, address, guard)

    @property
    def backend_pid(self) -> int:
        """The server process of this session."""
        return self._connection.info.backend_pid

    def query(self, text: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query we wrote."""
        try:
            cursor = psycopg.ClientCursor(self._connection)
            cursor.execute(cast("LiteralString", text), parameters or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._lost(error) or translated(error, 0) from error

    def run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """Sends all of it; see `session.Session.run`."""
        if any(isinstance(item, Statement) and item.rows is not None for item in batch):
            self._run_in_turn(batch, atomic=atomic)
            return
        texts = [self._text(item) for item in batch]
        framed = [b"BEGIN", *texts, b"COMMIT"] if atomic else texts
        failed = self._send(framed)
        if failed is None:
            return
        index, error = failed
        if atomic:
            self._roll_back()
        if isinstance(error, StatementFailed):
            error.index = _clamped(index - atomic, len(batch))
        raise error

    def run_each(self, batches: Sequence[Sequence[Sql | Statement]]) -> int:
        """Sends several transactions in one message; see `session.Session.run_each`."""
        framed = [text for batch in batches for text in (b"BEGIN", *map(self._text, batch), b"COMMIT")]
        failed = self._send(framed)
        if failed is None:
            return len(batches)
        index, error = failed
        if isinstance(error, ConnectionLost):
            raise error
        self._roll_back()
        return framed[:index].count(b"COMMIT")

    def try_lock(self, key: int) -> bool:
        """A session-level advisory lock."""
        got = bool(self.query("SELECT pg_try_advisory_lock(%s)", (key,))[0][0])
        self._locked = self._locked or got
        return got

    def unlock(self, key: int) -> None:
        """Lets the advisory lock go."""
        self.query("SELECT pg_advisory_unlock(%s)", (key,))

    def abandon(self) -> None:
        """Rolls back whatever an interruption left open."""
        with suppress(psycopg.Error, ConnectionLost):
            self._roll_back()

    def take_notices(self) -> list[tuple[str, str]]:
        """What the server said meanwhile."""
        taken, self.notices = self.notices, []
        return taken

    def close(self) -> None:
        """Ends the session, and lets its locks go first: the server may notice the end a moment later."""
        with suppress(psycopg.Error, ConnectionLost, StatementFailed):
            if self._locked and self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
                self.query("SELECT pg_advisory_unlock_all()")
        with suppress(psycopg.Error):
            self._connection.close()

    def cancel(self) -> None:
        """Asks the server to stop the running statement."""
        with suppress(psycopg.Error):
            self._connection.cancel()

    def _text(self, item: Sql | Statement) -> bytes:
        if isinstance(item, Statement):
            return item.sql.encode()
        if not item.parameters:
            return item.text.encode()
        literals = [sql.Literal(value).as_bytes(self._connection) for value in item.parameters]
        pieces = item.text.encode().split(b"%s")
        return b"".join(piece + literal for piece, literal in zip(pieces, [*literals, b""], strict=True))

    def _send(self, texts: Sequence[bytes]) -> tuple[int, Exception] | None:
        """Sends all; the number of the statement that failed, and why. `None`: all went well."""
        done = 0
        for message in _messages(texts):
            failed = self._send_message(message)
            if failed is not None:
                return done + failed[0], failed[1]
            done += len(message)
        return None

    def _send_message(self, texts: Sequence[bytes]) -> tuple[int, Exception] | None:
        message = b"\n;\n".join(texts)
        pgconn = self._connection.pgconn
        try:
            pgconn.send_query(message)
            results = self._connection.wait(_fetch(pgconn))
        except psycopg.Error as error:
            return 0, self._gone(texts, error)
        bad = next(
            (number for number, result in enumerate(results) if result.status == pq.ExecStatus.FATAL_ERROR),
            None,
        )
        if pgconn.status == pq.ConnStatus.BAD:
            done = len(results) if bad is None else bad
            return done, self._gone(texts[done:], None)
        if bad is None:
            return None
        error = translated(psycopg.errors.error_from_result(results[bad], encoding="utf-8"), bad)
        if (
            error.position
        ):  # counted in the whole message; and a syntax error refuses that at its first statement
            bad, error.position = _located(texts, error.position)
        return bad, error

    def _gone(self, unanswered: Sequence[bytes], error: psycopg.Error | None) -> ConnectionLost:
        reason = (
            str(error).strip().splitlines()[0]
            if error and str(error).strip()
            else "the server closed the connection"
        )
        if unanswered[-1:] == [b"COMMIT"]:
            return CommitUnanswered(f"lost the connection while committing: {reason}")
        return ConnectionLost(f"lost the connection: {reason}")

    def _lost(self, error: psycopg.Error) -> ConnectionLost | None:
        return self._gone([], error) if self._connection.pgconn.status == pq.ConnStatus.BAD else None

    def _run_in_turn(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """As `run`, item by item: COPY needs its rows sent in between."""
        items: list[Callable[[], None]] = [lambda item=item: self._run_one(item) for item in batch]
        if atomic:
            items = [lambda: self._one(b"BEGIN"), *items, lambda: self._one(b"COMMIT")]
        for index, item in enumerate(items):
            try:
                item()
            except StatementFailed as error:
                if atomic:
                    self._roll_back()
                error.index = _clamped(index - atomic, len(batch))
                raise

    def _run_one(self, item: Sql | Statement) -> None:
        if isinstance(item, Sql) or item.rows is None:
            self._one(self._text(item))
            return
        try:
            with psycopg.ClientCursor(self._connection).copy(cast("LiteralString", item.sql)) as copy:
                copy.write(item.rows)
        except psycopg.Error as error:
            raise self._lost(error) or translated(error, 0) from error

    def _one(self, text: bytes) -> None:
        failed = self._send([text])
        if failed is not None:
            raise failed[1]

    def _roll_back(self) -> None:
        if self._connection.pgconn.transaction_status in (
            pq.TransactionStatus.INERROR,
            pq.TransactionStatus.INTRANS,
        ):
            self._send([b"ROLLBACK"])

    def _keep_notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self.notices.append((notice.severity_nonlocalized or "NOTICE", notice.message_primary or ""))


def _messages(texts: Sequence[bytes]) -> Generator[Sequence[bytes]]:
    """One message as a rule; several when it would outgrow what server and client should hold at once."""
    start = size = 0
    for number, text in enumerate(texts):
        if size and size + len(text) > _MESSAGE_BYTES:
            yield texts[start:number]
            start, size = number, 0
        size += len(text)
    yield texts[start:]


def _fetch(pgconn: Any) -> Generator[Any, Any, list[Any]]:
    from psycopg.generators import execute

    # The public generator flushes what was sent and collects every result; psycopg's cursors use it too.
    return execute(pgconn)


def _located(texts: Sequence[bytes], position: int) -> tuple[int, int]:
    """The statement a character position (from 1) in the joined message falls into, and the position in it."""
    begins = 0
    for number, text in enumerate(texts):
        length = len(text.decode(errors="replace"))
        if position <= begins + length + 1:
            return number, position - begins
        begins += length + len("\n;\n")
    return len(texts) - 1, position


def _clamped(index: int, length: int) -> int:
    return max(0, min(index, length - 1))

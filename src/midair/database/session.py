"""What every other room sees of a connection."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

from midair.errors import ReadOnly, StatementFailed
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.model.statement import Parameter, Sql, Statement


@frozen
class Guard:
    """The bounds a session works in. Times in milliseconds; 0 means no bound.

    `lock_wait_ms` bounds one wait for a lock, so that nobody queues behind us for longer.
    """

    lock_wait_ms: int = 0
    statement_ms: int = 0


class Session(Protocol):
    """One connection, in autocommit unless inside `run(atomic=True)`.

    Raises, from every method: StatementFailed, ConnectionLost, LockTimeout, ReadOnly.
    """

    address: Address
    product: Product
    server_version: int
    """PostgreSQL: 160004 for 16.4. SQLite: 3040001 for 3.40.1. MariaDB: 101119 for 10.11.19."""

    def query(self, text: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query we wrote; `%s` marks a parameter on every product."""
        ...

    def run(self, batch: Sequence[Sql | Statement], *, atomic: bool) -> None:
        """Sends all of it in order; when `atomic`, in one transaction that is committed at the end.

        A failure rolls the transaction back and says by `StatementFailed.index` which item failed.
        A COMMIT without an answer is `CommitUnanswered`.
        """
        ...

    def run_each(self, batches: Sequence[Sequence[Sql | Statement]]) -> int:
        """Sends several transactions at once, each committed by itself; how many did.

        The first failure ends it: its transaction is rolled back, those after it are not begun, and
        the server's reason is left to whoever sends it again. A COMMIT without an answer is
        `CommitUnanswered`.
        """
        ...

    def try_lock(self, key: int) -> bool:
        """Takes a lock that lives as long as the session, or says at once that another session has it."""
        ...

    def unlock(self, key: int) -> None:
        """Lets go of a lock taken by `try_lock`."""
        ...

    def abandon(self) -> None:
        """Rolls back whatever an interruption left open; never raises."""
        ...

    def take_notices(self) -> list[tuple[str, str]]:
        """Level and text of what the server said meanwhile; each is given once."""
        ...

    def close(self) -> None:
        """Ends the session and all it holds; never raises."""
        ...

    def cancel(self) -> None:
        """Asks the server to stop the running statement; callable from another thread."""
        ...


_DENIED = {"25006", "42501", "1044", "1142", "1227", "1290", "1792"}
"""SQLSTATE: read-only transaction (a standby, a read-only role), insufficient privilege. MariaDB's numbers of the same."""


_BESIDE_ANOTHER = {"55P03", "23505", "42P06", "42P07", "XX000"}
"""SQLSTATE: what IF NOT EXISTS and OR REPLACE give while another session makes the same: a lock timeout, a duplicate key of
the catalog, the schema or table there after all, "tuple concurrently updated"."""
_TRIES, _PAUSE_S = 100, 0.1


def prepare(session: Session, groundwork: Sequence[Sql], purpose: str) -> None:
    """Runs midair's own groundwork in one transaction; another midair may be making the same at this moment.

    Raises:
        ReadOnly: the role or the server does not let us write; `purpose` says what for.
    """
    for left in reversed(range(_TRIES)):
        try:
            session.run(groundwork, atomic=True)
        except StatementFailed as error:
            if left and error.sqlstate in _BESIDE_ANOTHER:
                time.sleep(_PAUSE_S)
                continue
            _refuse_denied(error, purpose)
            raise
        return


def _refuse_denied(error: StatementFailed, purpose: str) -> None:
    if error.sqlstate in _DENIED:
        raise ReadOnly(
            f"this role may not create {purpose}: {error.message}",
            state="nothing was changed",
            hint="run as a role that may, or let the database's owner create it once",
        ) from error

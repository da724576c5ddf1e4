"""Whether a connection goes through a pooler that gives each transaction another server session."""

from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from midair.database.session import Session
from midair.errors import ConnectionLost, MidairError, StatementFailed
from midair.model.address import Address, Product
from midair.model.statement import Sql

_PID = "SELECT pg_backend_pid()"
_PATIENCE_S = 5.0


_POOLERS_PORTS = frozenset([6432, 6543])
"""Where PgBouncer listens unless told otherwise, and where hosted transaction poolers do."""


def looks_pooled(address: Address) -> bool:
    """The address is that of a pooler by its port, its host or what it tells the driver; nothing is asked."""
    options = dict(address.options)
    host = (address.host or "").lower()
    named = "pooler" in host or "pgbouncer" in host or options.get("pgbouncer") == "true"
    return address.product is Product.POSTGRESQL and (named or address.port in _POOLERS_PORTS)


def shares_sessions(session: Session, another: Callable[[], Session]) -> bool:
    """Two transactions of this connection may run in different sessions of the server.

    A pooler hands out its own process numbers, so a session that has the server's is direct. Else a
    second connection opens a transaction: if that runs in the very session the first one used, or pushes
    the first one to another, neither has a session of its own. `another` opens that connection.
    """
    told = getattr(session, "backend_pid", None)
    if session.product is not Product.POSTGRESQL or told is None:
        return False
    first = _pid(session)
    if first == told:
        return False
    try:
        other = another()
    except MidairError:
        return False  # no second connection to be had: nobody shares with us now
    try:
        seen = _within(lambda: _pid_in_transaction(other))
        if seen is None:
            return False  # it waits for a server session of its own: ours is ours
        return seen in (first, _REFUSED) or _pid(session) != first
    finally:
        with suppress(MidairError):
            other.abandon()
        other.close()


_REFUSED = -1
"""No process has this number: the pooler takes no BEGIN at all."""


def _pid(session: Session) -> int:
    return int(session.query(_PID)[0][0])


def _pid_in_transaction(session: Session) -> int:
    try:
        session.run([Sql("BEGIN")], atomic=False)
        return _pid(session)
    except (StatementFailed, ConnectionLost):
        return _REFUSED


def _within(ask: Callable[[], int]) -> int | None:
    """The answer, or `None` when none comes in time."""
    answers: list[int] = []
    thread = Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    return answers[0] if answers else None

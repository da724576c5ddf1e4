"""Somebody else's session, in the way; and waiting for what others do."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from midair.database import Guard, open_session
from midair.errors import Unreachable
from midair.model.address import Address
from midair.model.statement import Sql


@contextmanager
def holding(address: Address, sql: str, seconds: float | None = None) -> Generator[None]:
    """Another session's transaction that has run `sql` and stays open (for `seconds`, or as long as the context)."""
    other = open_session(address, Guard(), "report-worker")
    other.run([Sql("BEGIN"), Sql(sql)], atomic=False)
    timer = threading.Timer(seconds or 3600, lambda: other.run([Sql("ROLLBACK")], atomic=False))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        other.close()


def until(true: Callable[[], bool], patience_s: float = 30.0) -> None:
    """Waits for it, and fails where it does not come."""
    ends = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def answers(address: Address) -> bool:
    """Whether the server takes connections."""
    try:
        open_session(address, Guard(), "midair tests").close()
    except Unreachable:
        return False
    return True

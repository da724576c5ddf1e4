"""What the application feels: a statement of its own kind and a commit, again and again while batches run."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from midair.database.session import Session
from midair.errors import MidairError
from midair.execution.services import Reconnect
from midair.execution.signals import Limit, Reading
from midair.model.statement import Sql

_EVERY_S = 0.01
_FEW = 200
"""So many, while no batch runs, say what is usual."""
_ALLOWED = 0.01
"""The share of answers that may be slow: the wait of 99 in 100 is what is kept."""
_SAVED = 3.0
"""So many slow answers may be saved up: a calm hour does not pay for a bad minute."""
_OWED = 5.0
"""So many may be owed: batches rest for five seconds at the most after a stall that need not be theirs."""
_SETTLED = 20
"""So many after the last batch may still feel it."""
_NOTHING_S = 0.0005
"""Less than this nobody feels, and no clock tells it from chance."""
_COMMIT = "SELECT pg_logical_emit_message(true, 'midair', '')"
"""Writes a few bytes of log that nobody reads: a commit waits for the disk behind the log of a batch, and a query does not."""


@dataclass
class Health:
    """Asks `sql` and commits, on a session of its own. One answer in a hundred may take more than `most` times the usual.

    Batches spend that allowance, and rest when they have. What is usual is what 99 in 100 answers did not exceed before
    the first batch; it is learnt again whenever batches rest, for an application's day has busy hours without us.
    """

    reconnect: Reconnect
    sql: str
    most: float
    resting: Callable[[], bool]
    refused: str | None = None
    """Why the server no longer answers it."""
    slow_s: float = 0.0
    """An answer that takes longer is a slow one."""
    _usual: deque[float] = field(default_factory=lambda: deque[float](maxlen=_FEW))
    _credit: float = _SAVED
    _rested: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _asked_at: float | None = None

    def begin(self) -> None:
        """Learns what is usual, which takes two seconds, and goes on asking.

        Raises:
            StatementFailed: the server refuses the statement.
        """
        session = self.reconnect()
        try:
            session.run([Sql("SET default_transaction_read_only = on")], atomic=False)
            for _ in range(_FEW):
                self._learn(self._ask(session))
        except BaseException:
            session.close()
            raise
        self._thread = threading.Thread(target=self._run, args=(session,), name="midair health", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Asks no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def reading(self) -> Reading | None:
        """How many slow answers more than one in a hundred there were: from 0 on the work is halved, from 3 on it stops.

        `None` once the server no longer answers.
        """
        if self.refused is not None:
            return None
        asked_at = self._asked_at
        waiting = self._slow(time.monotonic() - asked_at) if asked_at is not None else 0
        what = f"more than one in a hundred answers to the health statement take over {1000 * self.slow_s:.1f} ms"
        return Reading(Limit(what, soft=0, hard=3), waiting - self._credit)

    def _run(self, session: Session) -> None:
        try:
            while not self._ended.is_set():
                self._count(self._ask(session))
        except MidairError as error:
            self.refused = error.message
        finally:
            session.close()

    def _count(self, wait_s: float) -> None:
        earned = _ALLOWED * len(_due(wait_s))
        self._credit = max(-_OWED, min(_SAVED, self._credit + earned - self._slow(wait_s)))
        self._rested = self._rested + 1 if self.resting() else 0
        if self._rested > _SETTLED:
            self._learn(wait_s)

    def _learn(self, wait_s: float) -> None:
        self._usual.append(wait_s)
        ordered = sorted(self._usual)
        usual = ordered[int((len(ordered) - 1) * (1 - _ALLOWED))]
        self.slow_s = self.most * max(usual, _NOTHING_S)

    def _slow(self, wait_s: float) -> int:
        return sum(each > self.slow_s for each in _due(wait_s))

    def _ask(self, session: Session) -> float:
        began = self._asked_at = time.monotonic()
        session.run([Sql(self.sql), Sql(_COMMIT)], atomic=True)
        took, self._asked_at = time.monotonic() - began, None
        self._ended.wait(max(0.0, _EVERY_S - took))
        return took


def _due(wait_s: float) -> list[float]:
    """A long wait counts for all that should have been asked meanwhile: users do not stand in line for one another."""
    return [max(wait_s - late * _EVERY_S, 0.0) for late in range(min(_FEW, max(1, round(wait_s / _EVERY_S))))]

"""What the application feels: a statement of its own kind, asked again and again while batches run."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from midair.database.session import Session
from midair.errors import MidairError
from midair.execution.services import Reconnect
from midair.execution.signals import Limit, Reading
from midair.model.statement import Sql

_EVERY_S = 0.01
_FIRST = 100
"""So many before the first batch say what is usual."""
_LAST = 100
_SHARE = 0.95
_NOTHING_S = 0.0005
"""Less than this nobody feels, and no clock tells it from chance."""


@dataclass
class Health:
    """Asks `sql` on a session of its own. From `most` times its usual wait on, work is halved; from three times that, it stops.

    What is compared is the wait that 19 of 20 do not exceed, of the last hundred, for means hide what people feel.
    """

    reconnect: Reconnect
    sql: str
    most: float
    _usual_s: float = 0.0
    _waits: deque[float] = field(default_factory=lambda: deque[float](maxlen=_LAST))
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _asked_at: float | None = None
    _refused: str | None = None

    def begin(self) -> None:
        """Learns what is usual, which takes a second, and goes on asking.

        Raises:
            StatementFailed: the server refuses the statement.
        """
        session = self.reconnect()
        try:
            session.run([Sql("SET default_transaction_read_only = on")], atomic=False)
            first = [self._ask(session) for _ in range(_FIRST)]
        except BaseException:
            session.close()
            raise
        self._usual_s = max(_share(first), _NOTHING_S)
        self._thread = threading.Thread(target=self._run, args=(session,), name="midair health", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Asks no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def reading(self) -> Reading | None:
        """How many times its usual wait it takes now; `None` until enough were asked."""
        waits, asked_at = list(self._waits), self._asked_at
        if asked_at is not None:
            waits = [*waits, *_due(time.monotonic() - asked_at)][-_LAST:]
        if self._refused is not None:
            return Reading(Limit(f"the health statement failed ({self._refused}), {{:.0f}}", 0, 2), 1)
        if len(waits) < _LAST // 4:
            return None
        limit = Limit("the health statement takes {:.1f} times its usual wait", self.most, 3 * self.most)
        return Reading(limit, _share(waits) / self._usual_s)

    def _run(self, session: Session) -> None:
        try:
            while not self._ended.is_set():
                self._waits.extend(_due(self._ask(session)))
        except MidairError as error:
            self._refused = error.message
        finally:
            session.close()

    def _ask(self, session: Session) -> float:
        began = self._asked_at = time.monotonic()
        session.run([Sql(self.sql)], atomic=False)
        took, self._asked_at = time.monotonic() - began, None
        self._ended.wait(max(0.0, _EVERY_S - took))
        return took


def _due(wait_s: float) -> list[float]:
    """A long wait counts for all that should have been asked meanwhile: users do not stand in line for one another."""
    return [
        max(wait_s - late * _EVERY_S, 0.0) for late in range(min(_LAST, max(1, round(wait_s / _EVERY_S))))
    ]


def _share(waits: list[float]) -> float:
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * _SHARE))]

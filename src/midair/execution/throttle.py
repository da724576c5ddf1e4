"""How hard a backfill may work right now: judged twice a second on a session of its own.

The share of time that batches may fill (the duty) is cut in half on a soft signal, to nothing on a hard one, and grows
back slowly (expand-contract.md §7.2). A person may slow it down, or have it rest, while it is under way.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from midair.database.session import Session
from midair.errors import MidairError
from midair.execution.health import Health
from midair.execution.services import Reconnect
from midair.execution.signals import EVERY_S, Reading, Signals
from midair.journal import pace

_LEAST = 0.01
_REGROWTH_PER_S = 0.05
_GENTLE = 0.05
"""Where the application is asked how it feels, work begins with this much, for the answer comes after the work."""
_WARY_PER_S = 0.01
"""How much more is tried where it was already felt: steady work gets further than rushing and resting."""


def duty_after(
    duty: float, readings: Sequence[Reading], most: float, elapsed_s: float, borne: float = 1.0
) -> tuple[float, str]:
    """The duty of the next moment and what holds it down: cut at once by the worst signal, grown back by 5 % of the whole
    a second up to what was `borne`, and five times slower beyond it.
    """
    beyond = [each for each in readings if each.value >= each.limit.soft]
    if not beyond:
        grown = max(_LEAST, duty) + (_REGROWTH_PER_S if duty < borne else _WARY_PER_S) * elapsed_s
        return min(most, grown), ""
    cuts = [(_cut(duty, each), each) for each in beyond]
    after, worst = min(cuts, key=lambda cut: cut[0])
    return min(most, after), worst.limit.what.format(worst.value)


def _cut(duty: float, reading: Reading) -> float:
    least = reading.limit.least
    if reading.value >= reading.limit.hard:
        return least
    return max(least, _LEAST, duty / 2) if duty > least else max(duty, _LEAST)


@dataclass
class Throttle:
    """Shared by the workers: `duty` is how much of the time they may fill, `reason` why it is not all of it."""

    duty: float = 1.0
    reason: str = ""

    def pause_s(self, batch_s: float) -> float:
        """How long to rest after a batch; while nothing may be done, the time until it is worth asking again."""
        if self.duty <= 0.0:
            return EVERY_S
        return batch_s * (1 - self.duty) / self.duty


@dataclass
class Watch:
    """Looks in a thread of its own until it is told to end.

    `run_id` is the run that a person may slow down; `most` the duty it was begun with. Without `signals` and `health`
    only the person is heard.
    """

    throttle: Throttle
    reconnect: Reconnect
    run_id: str
    most: float
    signals: Signals | None = None
    health: Health | None = None
    _held: bool = False
    _borne: float = 1.0
    _felt: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Watch":
        if self.health is not None:
            self.health.begin()
            self.throttle.duty = self._first()
        self._thread = threading.Thread(target=self._run, name="midair throttle", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self.health is not None:
            self.health.end()

    def _run(self) -> None:
        try:
            session = self.reconnect()
        except MidairError:
            # No connection left for a look: half the work, for it may be us who took the last one.
            self._half("no connection is free to look at the server")
            return
        try:
            self._look_until_ended(session)
        except MidairError as error:
            self._half(f"the server cannot be watched: {error.message}")
        finally:
            session.close()

    def _first(self) -> float:
        return self.most if self.health is None else min(self.most, _GENTLE)

    def _half(self, reason: str) -> None:
        if self.signals is not None:
            self.throttle.duty, self.throttle.reason = min(0.5, self.most), reason

    def _look_until_ended(self, session: Session) -> None:
        if self.signals is not None:
            self.signals.begin(session)
        while True:
            self._look(session)
            if self._ended.wait(EVERY_S):
                return

    def _look(self, session: Session) -> None:
        asked = pace.asked(session, self.run_id)
        if self._held and asked is None:
            # It was a person who held it down, and no sign that must pass first.
            self.throttle.duty = self._first()
        self._held = asked is not None
        if asked is not None and asked.duty <= 0.0:
            self.throttle.duty, self.throttle.reason = 0.0, str(asked)
            return
        most, why = self.most, ""
        if asked is not None and asked.duty < most:
            most, why = asked.duty, str(asked)
        readings = self.signals.read(session) if self.signals is not None else []
        readings += self._felt_now()
        if unseen := self._unseen():
            # What nobody can see counts as a soft sign.
            most, why = min(most, 0.5), unseen
        self.throttle.duty, reason = duty_after(self.throttle.duty, readings, most, EVERY_S, self._borne)
        self.throttle.reason = reason or why

    def _felt_now(self) -> list[Reading]:
        felt = self.health.reading() if self.health is not None else None
        if felt is None:
            return []
        before, self._felt = self._felt, felt.value >= felt.limit.soft
        if self._felt and not before:
            self._borne = 0.75 * self.throttle.duty
        return [felt]

    def _unseen(self) -> str:
        if self.health is not None and self.health.refused is not None:
            return f"the health statement failed: {self.health.refused}"
        if self.signals is not None and self.signals.unreadable:
            return f"{', '.join(sorted(self.signals.unreadable))} cannot be read; GRANT pg_monitor would help"
        return ""

"""What the executor needs from outside, each as small as its use."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from midair.database.session import Session
from midair.model.event import Event
from midair.model.frozen import frozen
from midair.model.plan import RunLive, Segment, Step


class Reporter(Protocol):
    """Hears events as they happen."""

    def hear(self, event: Event) -> None:
        """Called in the order of events, from the thread that works."""
        ...


class Clock(Protocol):
    """Time, as far as waiting needs it."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class WallClock:
    """The real one."""

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


@frozen
class Pace:
    """How hard a backfill may work: sessions at once, what one batch should take, and how much of the time it may.

    `duty` is the largest part of the time that batches may fill, above 0 and up to 1. Without
    `throttled` nothing slows it down but that and a person. `first_rows` is the first batch; those after it are as large as time allows.
    `max_wal_bytes_s` is the most log the server should write a second. `health_sql` is asked all the while: where more
    than one answer in a hundred takes `slowdown` times as long as before, batches rest.
    """

    workers: int = 1
    batch_s: float = 0.01
    duty: float = 1.0
    throttled: bool = True
    first_rows: int = 500
    max_wal_bytes_s: float | None = None
    health_sql: str | None = None
    slowdown: float = 1.5


@frozen
class Bounds:
    """How long to wait, in seconds: for another run to end, for locks within one segment, and for one try at a lock
    that reads or writes would queue behind. Whoever blocks for longer than `terminate_after_s` is ended; `None`: nobody.
    """

    wait_s: float = 0.0
    lock_budget_s: float = 600.0
    lock_wait_s: float = 0.05
    terminate_after_s: float | None = None
    pace: Pace = Pace()


Fly = Callable[[Sequence[Segment]], None]
"""Runs further segments in the run that is under way: each is journalled, bounded and done once, as the plan's own are."""

LiveProgram = Callable[[Step, RunLive, str, Fly], None]
"""Runs a live step's own program against the target, in the run with this id; it raises `errors.ProgramFailed`."""

Reconnect = Callable[[], Session]
"""A new session on the same database, with the same guards."""


def pause_s(attempt: int) -> float:
    """How long to wait before the next try: 20 ms doubling to 1 s, jittered so that two never march in step."""
    return min(0.02 * 2 ** min(attempt, 6), 1.0) * random.uniform(0.5, 1.0)

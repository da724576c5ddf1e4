"""Reporters for tests: one that remembers, one that dies."""

import os
import signal

from midair.model.event import Event


class Remembering:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def hear(self, event: Event) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


class DyingAt:
    """Kills its own process, as `kill -9` does, when it hears event number `at`."""

    def __init__(self, at: int) -> None:
        self._left = at

    def hear(self, event: Event) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

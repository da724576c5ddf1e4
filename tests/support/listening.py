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
    """Kills its own process, as `kill -9` does, when it hears event number `at`, counted from 0; or sends it another signal."""

    def __init__(self, at: int, by: signal.Signals = signal.SIGKILL) -> None:
        self._left, self._by = at, by

    def hear(self, event: Event) -> None:
        if self._left == 0:
            os.kill(os.getpid(), self._by)
        self._left -= 1

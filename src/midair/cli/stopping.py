"""Ctrl-C and SIGTERM while a run is under way: once to stop at the next safe place, twice to stop at once."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from midair.errors import Stopped


@dataclass(slots=True)
class Stop:
    """Whether somebody asked for an end. `exit_code`: 130 after Ctrl-C, 143 after SIGTERM."""

    asked: bool = False
    exit_code: int = 130

    def check(self) -> None:
        """Called between two steps.

        Raises:
            Stopped: somebody asked.
        """
        if self.asked:
            error = Stopped(
                "stopped as asked",
                state="what is committed is recorded, nothing is half-done",
                hint="midair resume",
            )
            error.exit_code = self.exit_code
            raise error


@contextmanager
def listening() -> Generator[Stop]:
    """Takes Ctrl-C and SIGTERM over until the context ends."""
    stop = Stop()

    def heard(number: int, _frame: FrameType | None) -> None:
        if stop.asked:
            # The driver cancels the running statement when it sees this.
            raise KeyboardInterrupt
        stop.asked = True
        stop.exit_code = 143 if number == signal.SIGTERM else 130
        sys.stderr.write("\nstopping after what is under way; once more cancels the running statement\n")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

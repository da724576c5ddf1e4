"""Shows a run while it works: one live line on a terminal, a line per change of state elsewhere."""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from midair.cli.call import Call
from midair.cli.screen import can_overwrite
from midair.cli.stopping import Stop, listening
from midair.model.event import (
    BackfillMoved,
    Event,
    LockWaited,
    ProgramCame,
    RunStarted,
    SegmentDone,
    SegmentStarted,
    StepDone,
    Waiting,
)
from midair.reporting.events import json_line
from midair.reporting.progress import line_of, live_line_of
from midair.reporting.style import length_of_time

_QUIET_S = 30.0
"""Off a terminal, a step that takes longer says so this often."""
_TICK_S = 1.0
# A run of hundreds of small migrations would scroll a reader's screen away: beyond these, only every so often.
_LINES_AT_MOST = 40


class Progress:
    """The reporter of one run. Lines go to stderr; `--format jsonl` sends events to stdout."""

    def __init__(self, call: Call, stop: Stop) -> None:
        self._stop = stop
        self._events: TextIO | None = sys.stdout if call.format == "jsonl" else None
        self._stream: TextIO | None = None if call.quiet else sys.stderr
        self._look = call.look(error=True)
        self._live = can_overwrite(sys.stderr, call.variables) and not call.quiet
        self._total = 0
        self._shown = 0
        self._told_at = 0.0
        self._under_way: tuple[str, float] | None = None
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def hear(self, event: Event) -> None:
        """Shows one event, then stops the run if somebody asked for that.

        Raises:
            Stopped: Ctrl-C or SIGTERM arrived since the last event.
        """
        if self._events is not None and self._worth_telling(event):
            self._events.write(json_line(event, datetime.now(UTC)))
            self._events.flush()
        if self._stream is not None:
            self._show(event)
        # Only where going on later is safe: never between a commit and the word of it.
        if isinstance(event, SegmentStarted | StepDone | LockWaited | Waiting | BackfillMoved | ProgramCame):
            self._stop.check()

    def __enter__(self) -> "Progress":
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def _show(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._total = event.segments
        line, live = line_of(event, self._look), live_line_of(event, self._total, self._look)
        with self._writing:
            if live is not None:
                self._under_way = (live, time.monotonic())
            if line is not None and self._worth_a_line(event):
                self._write(line)

    def _worth_a_line(self, event: Event) -> bool:
        if not isinstance(event, SegmentDone) or self._total <= _LINES_AT_MOST:
            return True
        self._shown += 1
        every = self._total // 20
        return self._shown % every == 0 or self._shown == self._total

    def _worth_telling(self, event: Event) -> bool:
        """A program may send statement after statement: once a second is enough."""
        if not isinstance(event, ProgramCame):
            return True
        now = time.monotonic()
        worth = now - self._told_at >= _TICK_S
        self._told_at = now if worth else self._told_at
        return worth

    def _write(self, line: str) -> None:
        if self._stream is not None:
            self._stream.write(f"\r\x1b[K{line}\n" if self._live else f"{line}\n")
            self._stream.flush()

    def _tick(self) -> None:
        while not self._ended.wait(_TICK_S if self._live else _QUIET_S):
            with self._writing:
                if self._under_way is None or self._stream is None:
                    continue
                text, since = self._under_way
                line = f"{text}  {length_of_time(time.monotonic() - since)}"
                self._stream.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
                self._stream.flush()


@contextmanager
def watching(call: Call) -> Generator[Progress]:
    """A reporter for one run, with Ctrl-C and SIGTERM taken over while it works."""
    with listening() as stop, Progress(call, stop) as progress:
        yield progress

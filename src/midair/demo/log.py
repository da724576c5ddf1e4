"""What was done during a flight, and when: midair's commands, and each migration inside them."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from midair.demo.project import variables_of
from midair.reporting.demo import Mark


class _Line(msgspec.Struct):
    """What of a line of events matters here; the report at the end is a line as well, and has no event."""

    event: str = ""
    revisions: tuple[str, ...] = ()


class Log:
    """Runs midair as anyone would, and notes when what began and ended."""

    def __init__(self, place: Path, url: str, variables: Mapping[str, str]) -> None:
        self._place, self._url, self._variables = place, url, variables_of(variables)
        self._start = time.monotonic()
        self.marks: list[Mark] = []
        self.exit_code = 0
        self.said = ""

    @contextmanager
    def marked(self, name: str) -> Generator[None]:
        """Notes the stretch of time of what is done inside."""
        began = time.monotonic()
        yield
        self.marks.append(Mark(name, began - self._start, time.monotonic() - self._start))

    @property
    def now_s(self) -> float:
        """Seconds since the flight began."""
        return time.monotonic() - self._start

    def at_s(self, moment: float) -> float:
        """A monotonic time as seconds since the flight began."""
        return moment - self._start

    def moment(self, at_s: float) -> float:
        """The other way round."""
        return at_s + self._start

    def run(self, *words: str) -> None:
        """One command; its migrations are noted as its lines of JSON arrive."""
        command = [sys.executable, "-m", "midair", *words, "--url", self._url, "--format", "jsonl"]
        began: dict[str, float] = {}
        with self.marked(words[0]), tempfile.TemporaryFile() as errors:
            with subprocess.Popen(
                command, cwd=self._place, env=self._variables, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors,
            ) as ran:  # fmt: skip
                for line in ran.stdout or ():
                    if words[0] == "apply":
                        self._note(msgspec.json.decode(line, type=_Line), began)
            errors.seek(0)
            self.said = errors.read().decode(errors="replace").strip() if ran.returncode else self.said
            self.exit_code = self.exit_code or ran.returncode

    def _note(self, event: _Line, began: dict[str, float]) -> None:
        for revision in event.revisions:
            began.setdefault(revision, self.now_s)
            if event.event == "segment-done":
                self.marks = [each for each in self.marks if each.name != revision]
                self.marks.append(Mark(revision, began[revision], self.now_s))

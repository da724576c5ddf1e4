"""Running programs: midair, and the tools it is compared with."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "MIDAIR_PG_BIN", "XDG_CACHE_HOME")
"""Everything else of this process's environment could point a tool at another database."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a program ended and what it said on both streams together."""

    command: str
    exit_code: int
    text: str

    def ok(self) -> "Answer":
        """Itself; fails the test with the program's own words when it did not exit with 0."""
        assert self.exit_code == 0, f"{self.command}\nexited with {self.exit_code}:\n{self.text[-4000:]}"
        return self


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without whatever could change what a tool does."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(extra or {})


def run(
    *command: object,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    limit_s: float = 120,
) -> Answer:
    """Run a program to its end."""
    words = [str(word) for word in command]
    ended = subprocess.run(
        words,
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=False,
    )
    return Answer(" ".join(words), ended.returncode, ended.stdout)


def midair(*arguments: object, variables: Mapping[str, str] | None = None) -> Answer:
    """Run midair as a user would, never asked anything."""
    return run(*MIDAIR, *arguments, "--no-input", variables=variables)


MIDAIR = tuple(shlex.split(os.environ.get("MIDAIR_COMMAND", ""))) or (sys.executable, "-m", "midair")
"""`MIDAIR_COMMAND=/path/of/another/midair pytest tests/peers` tests that one, an installed wheel for instance."""

"""Runs a session file: commands as a user types them, with what they must print and leave with.

# project: pairs                  a folder of tests/cli/projects, copied
# toml: default_env = "dev"       a line of midair.toml (repeatable)
$ midair status --check
expected output, stdout and stderr as they come; <…> stands for any text within a line
[exit 1]
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECTS = Path(__file__).parent / "projects"
_COMMAND = re.compile(
    r"^\$ (?P<line>.+)\n(?P<output>(?:(?!\[exit|\$ ).*\n)*)\[exit (?P<code>\d+)\]", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command, and what it must answer."""

    line: str
    output: str
    code: int


def exchanges(text: str) -> Iterator[Exchange]:
    """The commands of a session file, in order."""
    yield from (
        Exchange(match["line"], match["output"], int(match["code"])) for match in _COMMAND.finditer(text)
    )


def prepare(text: str, folder: Path) -> None:
    """Copies the session's project and writes its settings."""
    for name in re.findall(r"^# project: (\S+)", text, re.MULTILINE):
        shutil.copytree(PROJECTS / name, folder, dirs_exist_ok=True)
    lines = re.findall(r"^# toml: (.*)", text, re.MULTILINE)
    if lines:
        (folder / "midair.toml").write_text("\n".join(lines) + "\n")


def run(line: str, folder: Path, variables: dict[str, str]) -> tuple[str, int]:
    """What a command prints, and its exit code."""
    words = shlex.split(line)
    command = [sys.executable, "-m", "midair", *words[1:]] if words[0] == "midair" else words
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables, "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return ran.stdout.decode(), ran.returncode


def fits(expected: str, actual: str) -> bool:
    """Whether the output is the expected one, line by line."""
    pattern = re.escape(expected.rstrip()).replace(re.escape("<…>"), "[^\n]*?")
    return re.fullmatch(pattern, actual.rstrip()) is not None

"""Runs a command in this process, as quickly as a test needs; what a fresh process does is tested in test_surface."""

from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from midair.cli.main import run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def midair(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> Ran:
    """`midair` with these words, started in a folder."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        for name, value in (variables or {}).items():
            patch.setenv(name, value)
        code, _ = run(words)
    return Ran(code, _text(out), _text(err))


def _text(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()

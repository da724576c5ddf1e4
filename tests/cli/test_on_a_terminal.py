"""What happens when a person watches: questions, colour, the live line."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from midair.model.address import Address
from tests.cli.session_file import PROJECTS, run
from tests.conftest import url_of

_SETTINGS = 'default_env = "prod"\n[environments.prod]\nurl = "${DB}"\nprotected = true\n'


def _typed(words: list[str], folder: Path, database: Address, keys: bytes) -> tuple[str, int]:
    """Runs midair on a terminal of its own, types `keys`, gives what the screen showed."""
    ours, theirs = pty.openpty()
    variables = {
        **os.environ,
        "DB": url_of(database).reveal(),
        "TERM": "xterm",
        "CI": "",
        "NO_COLOR": "",
        "FORCE_COLOR": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "midair", *words],
        cwd=folder,
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    os.write(ours, keys)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux answers EIO once the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode(), process.wait(30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a protected environment."""
    shutil.copytree(PROJECTS / "pairs", tmp_path, dirs_exist_ok=True)
    (tmp_path / "midair.toml").write_text(_SETTINGS)
    return tmp_path


def test_a_protected_environment_shows_the_plan_and_takes_its_typed_name(
    folder: Path, database: Address
) -> None:
    shown, code = _typed(["apply"], folder, database, b"prod\n")
    assert code == 0
    assert (
        shown.index("3 golang_migrate migrations")
        < shown.index('Type "prod" to go on')
        < shown.index("applied 3 migrations")
    )
    assert "\x1b[" in shown


@pytest.mark.parametrize("words", [["apply"], ["apply", "--yes"]], ids=" ".join)
def test_any_other_answer_changes_nothing(words: list[str], folder: Path, database: Address) -> None:
    shown, code = _typed(words, folder, database, b"yes\n")
    assert code == 3
    assert "ME218 not confirmed" in shown.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "3 pending" in run("midair status", folder, {"DB": url_of(database).reveal()})[0]


def test_no_input_means_no_even_on_a_terminal(folder: Path, database: Address) -> None:
    shown, code = _typed(["apply", "--no-input"], folder, database, b"prod\n")
    assert code == 3
    assert "nobody is there to confirm" in shown


def test_a_rollback_on_a_terminal_is_confirmed_first(folder: Path, database: Address) -> None:
    (folder / "midair.toml").write_text('url = "${DB}"\n')
    assert run("midair apply", folder, {"DB": url_of(database).reveal()})[1] == 0
    shown, code = _typed(["rollback", "-1"], folder, database, b"n\n")
    assert code == 3
    assert "roll back 1 golang_migrate migration" in shown
    assert _typed(["rollback", "-1"], folder, database, b"y\n")[1] == 0
    assert _typed(["rollback", "-1", "--yes"], folder, database, b"")[1] == 0


def test_the_live_line_is_only_on_a_terminal_nobody_automates(folder: Path, database: Address) -> None:
    (folder / "midair.toml").write_text('url = "${DB}"\n')
    shown, code = _typed(["apply", "--color", "never"], folder, database, b"")
    assert code == 0
    assert "\x1b[K" in shown

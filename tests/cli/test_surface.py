"""What every command promises at the surface: help, formats, streams, exit codes, secrets."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from midair.cli.catalogue import COMMANDS, GROUPS
from midair.cli.command import Command
from midair.cli.main import overview
from midair.model.address import Address
from tests.cli.session_file import PROJECTS
from tests.conftest import url_of

_NAMES = [entry.name for entry in COMMANDS]


def _run(
    *words: str, folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "midair", *words],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _leaves() -> list[tuple[str, Command]]:
    found: list[tuple[str, Command]] = []
    tree = overview()
    for name in _NAMES:
        made = tree.get_command(click.Context(tree), name)
        inner = made.commands.items() if isinstance(made, click.Group) else ((name, made),)
        found += [
            (name if made is each else f"{name} {key}", each)
            for key, each in inner
            if isinstance(each, Command)
        ]
    return found


def test_every_command_of_the_catalogue_has_a_module_and_a_group() -> None:
    names = {name.split(" ")[0] for name, _ in _leaves()}
    assert names == set(_NAMES)
    assert {entry.group for entry in COMMANDS} == set(GROUPS)


@pytest.mark.parametrize(
    ("name", "made"), _leaves(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_help_has_examples_and_exit_codes_and_fits_80_columns(name: str, made: Command) -> None:
    settings = {**made.context_settings, "max_content_width": 80, "terminal_width": 80}
    context = click.Context(made, info_name=f"midair {name}", **settings)
    text = made.get_help(context)
    assert len(made.examples) >= 2 or name in ("status", "explain")
    assert text.index("Examples:") < text.index("Options:") < text.index("Exit codes:")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert made.help
    assert made.help[0].isupper()


def test_version_is_one_line(tmp_path: Path) -> None:
    ran = _run("--version", folder=tmp_path)
    assert ran.stdout.startswith("midair ")
    assert ran.stdout.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)], ids=["alone", "--help", "-h"])
def test_the_overview_lists_every_command(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = _run(*words, folder=tmp_path)
    assert ran.returncode == 0
    assert all(f"  {name} " in ran.stdout for name in _NAMES)


_READING = [
    ("detect",),
    ("status",),
    ("status", "--check"),
    ("check",),
    ("plan",),
    ("history",),
    ("config", "show"),
    ("config", "check"),
    ("explain",),
]
_WRITING = [("apply",), ("rollback", "--yes"), ("stamp", "head"), ("repair",), ("resume",), ("new", "x")]


@pytest.mark.parametrize("words", [*_READING, *_WRITING], ids=" ".join)
def test_json_is_valid_on_success(words: tuple[str, ...], tmp_path: Path, database: Address) -> None:
    _copy(tmp_path)
    ran = _run(*words, "-f", "json", folder=tmp_path, variables={"MIDAIR_URL": url_of(database).reveal()})
    answer = json.loads(ran.stdout)
    assert {"format_version", "midair", "command", "environment", "started_at", "outcome", "payload"} <= set(
        answer
    )
    assert answer["command"] == " ".join(
        word for word in words if word in "config show check" or word == words[0]
    ).removesuffix(" --check")
    assert ran.returncode in (0, 1)


@pytest.mark.parametrize("words", [*_READING[:6], *_WRITING], ids=" ".join)
def test_json_is_valid_on_failure_and_the_text_goes_to_stderr(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = _run(*words, "-f", "json", folder=tmp_path)
    answer = json.loads(ran.stdout)
    assert answer["outcome"] == "failed"
    assert answer["payload"]["code"].startswith("ME")
    assert ran.stderr.startswith(answer["payload"]["code"])
    assert ran.returncode == answer["payload"]["exit_code"] == 2


def test_jsonl_is_one_object_a_line_and_ends_with_the_report(tmp_path: Path, database: Address) -> None:
    _copy(tmp_path)
    ran = _run("apply", "-f", "jsonl", folder=tmp_path, variables={"MIDAIR_URL": url_of(database).reveal()})
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines[0]["event"] == "run-started"
    assert [line["event"] for line in lines[:-1]].count("segment-done") == 3
    assert lines[-1]["payload"]["revisions"] == 3


def test_one_run_writes_several_formats(tmp_path: Path, database: Address) -> None:
    _copy(tmp_path)
    variables = {"MIDAIR_URL": url_of(database).reveal()}
    ran = _run("plan", "-o", "json=p.json", "-o", "markdown=p.md", folder=tmp_path, variables=variables)
    assert ran.stdout.startswith("apply 3 golang_migrate migrations")
    assert json.loads((tmp_path / "p.json").read_text())["payload"]["plan"]["direction"] == "up"
    assert (tmp_path / "p.md").read_text().startswith("### midair: apply 3 migrations")
    assert _run("plan", "-o", "p.txt", folder=tmp_path, variables=variables).stdout == ""
    assert (tmp_path / "p.txt").read_text() == ran.stdout


def test_common_options_are_accepted_on_either_side(tmp_path: Path) -> None:
    _copy(tmp_path / "p")
    before = _run("-C", "p", "-f", "json", "detect", folder=tmp_path)
    after = _run("detect", "--format=json", "--project", "p", folder=tmp_path)
    assert json.loads(before.stdout)["payload"] == json.loads(after.stdout)["payload"]


@pytest.mark.parametrize(
    ("words", "variables", "coloured"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_rules(
    words: tuple[str, ...], variables: dict[str, str], coloured: bool, tmp_path: Path
) -> None:
    _copy(tmp_path)
    ran = _run("detect", *words, folder=tmp_path, variables={"NO_COLOR": "", "FORCE_COLOR": "", **variables})
    assert ("\x1b[" in ran.stdout) is coloured


def test_a_terminal_that_cannot_say_symbols_gets_their_twins(tmp_path: Path) -> None:
    _copy(tmp_path)
    ran = _run("status", folder=tmp_path, variables={"PYTHONIOENCODING": "ascii"})
    assert "  -   1  pending  users" in ran.stdout or "  -  1  pending  users" in ran.stdout
    assert ran.returncode == 0


_PASSWORD = "hunter2-not-to-be-seen"


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "-v"),
        ("plan",),
        ("apply",),
        ("config", "show"),
        ("detect",),
        ("history", "-f", "json"),
        ("rollback", "--yes"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{_PASSWORD}@127.0.0.1:1/x",
        f"postgresql://127.0.0.1:1/x?password={_PASSWORD}",
        f"nonsense:{_PASSWORD}",
    ],
)
def test_no_secret_is_ever_printed(words: tuple[str, ...], url: str, tmp_path: Path) -> None:
    _copy(tmp_path)
    ran = _run(*words, folder=tmp_path, variables={"MIDAIR_URL": url, "DATABASE_URL": url})
    assert _PASSWORD not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_password_on_the_command_line_is_warned_about(tmp_path: Path) -> None:
    _copy(tmp_path)
    ran = _run("status", "--url", f"postgresql://me:{_PASSWORD}@127.0.0.1:1/x", folder=tmp_path)
    assert "any user of this machine can read" in ran.stderr
    assert _PASSWORD not in ran.stderr


def test_a_bug_leaves_70_and_a_trace_without_values(tmp_path: Path) -> None:
    script = (
        "import sys; from midair.pipeline import opening\n"
        "def broken(root, variables): raise ZeroDivisionError('the secret ' + str(root))\n"
        "opening.detect = broken\n"
        "from midair.cli.main import run\n"
        "sys.exit(run(['detect'])[0])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    trace = next(tmp_path.glob("midair-*.trace")).read_text()
    assert ran.returncode == 70
    assert "Traceback" not in ran.stderr
    assert "ME070 this is a bug in midair: ZeroDivisionError" in ran.stderr
    assert "ZeroDivisionError" in trace
    assert "the secret" not in trace


def test_the_reader_of_a_pipe_may_go_away(tmp_path: Path) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m midair explain | head -1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith("ME, MA")
    assert "Traceback" not in ran.stderr
    assert "BrokenPipe" not in ran.stderr


def _copy(folder: Path) -> None:
    import shutil

    shutil.copytree(PROJECTS / "pairs", folder, dirs_exist_ok=True)


def test_database_url_counts_when_nothing_else_names_a_database(tmp_path: Path) -> None:
    _copy(tmp_path)
    ran = _run("config", "show", folder=tmp_path, variables={"DATABASE_URL": "sqlite:shop.db"})
    assert "sqlite:shop.db" in ran.stdout
    assert "DATABASE_URL" in ran.stdout
    assert _run("apply", folder=tmp_path, variables={"DATABASE_URL": "sqlite:shop.db"}).returncode == 0
    assert (
        _run("history", folder=tmp_path, variables={"DATABASE_URL": "sqlite:shop.db"}).stdout.count(
            "3 migrations"
        )
        == 1
    )


def test_looking_at_a_missing_sqlite_file_does_not_create_it(tmp_path: Path) -> None:
    _copy(tmp_path)
    assert _run("status", "--url", "sqlite:none.db", folder=tmp_path).returncode == 0
    assert not (tmp_path / "none.db").exists()

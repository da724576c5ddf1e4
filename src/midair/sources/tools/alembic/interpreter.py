"""Which Python runs the project: told by the user, by the shell, or by the project's own environment.

Source of the order: user-experience.md §5.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from midair.errors import ProgramFailed

_ASKED = (
    ("uv.lock", ("uv", "python", "find")),
    ("poetry.lock", ("poetry", "env", "info", "--executable")),
    ("pdm.lock", ("pdm", "info", "--python")),
    ("hatch.toml", ("hatch", "run", "python", "-c", "import sys; print(sys.executable)")),
)
_ANSWER_TIMEOUT_S = 30


def interpreter(root: Path, variables: Mapping[str, str], named: str | None) -> Path:
    """The first Python in the order above that has Alembic; one the user named is taken as it is.

    Raises:
        ProgramFailed: none has Alembic; the message lists where midair looked.
    """
    if named:
        return _named(root, named)
    seen: list[str] = []
    for candidate in _candidates(root, variables):
        if has_alembic(candidate):
            return candidate
        seen.append(str(candidate))
    if find_spec("alembic"):
        return Path(sys.executable)
    looked = f" ({', '.join(dict.fromkeys(seen))} have none)" if seen else ""
    raise ProgramFailed(
        f"no Python with Alembic was found for {root}{looked}",
        hint="name it with --python, or `python = …` in midair.toml",
        state="nothing was changed",
    )


def site_packages(python: Path) -> tuple[Path, ...]:
    """The folders of installed packages of an interpreter's virtual environment."""
    home = python.parent.parent
    return (*sorted(home.glob("lib/python*/site-packages")), *home.glob("Lib/site-packages"))


def has_alembic(python: Path) -> bool:
    """Whether Alembic is installed in the interpreter's environment, told from its folders."""
    return python.exists() and any((folder / "alembic").is_dir() for folder in site_packages(python))


def environments(root: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    """The Pythons of virtual environments that can be found without asking any program."""
    if home := variables.get("VIRTUAL_ENV"):
        yield _python_in(Path(home))
    for folder in _upwards(root):
        for name in (variables.get("UV_PROJECT_ENVIRONMENT"), ".venv", "venv"):
            if name and (folder / name).is_dir():
                yield _python_in(folder / name)
        if (folder / ".pdm-python").is_file():
            yield Path((folder / ".pdm-python").read_text(encoding="utf-8").strip())


def _candidates(root: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    yield from environments(root, variables)
    for folder in _upwards(root):
        for mark, command in _ASKED:
            if (folder / mark).exists() and (answer := _asked(folder, command, variables)):
                yield answer


def _asked(folder: Path, command: tuple[str, ...], variables: Mapping[str, str]) -> Path | None:
    program = shutil.which(command[0], path=variables.get("PATH"))
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, *command[1:]], cwd=folder, env=dict(variables), capture_output=True, text=True,
            timeout=_ANSWER_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.strip().splitlines()
    return Path(lines[-1]) if answer.returncode == 0 and lines else None


def _named(root: Path, named: str) -> Path:
    if os.sep not in named and (found := shutil.which(named)):
        return Path(found)
    path = root / Path(named).expanduser()
    path = _python_in(path) if path.is_dir() else path
    if not path.exists():
        raise ProgramFailed(
            f"there is no Python at {path}", hint="check --python, or `python = …` in midair.toml"
        )
    return path


def _python_in(home: Path) -> Path:
    # Not resolved: the link inside the environment is what makes Python use it.
    posix = home / "bin" / "python"
    return posix if posix.exists() or os.name != "nt" else home / "Scripts" / "python.exe"


def _upwards(root: Path) -> Iterator[Path]:
    """The folder and those above it, up to the repository's root."""
    for folder in (root.absolute(), *root.absolute().parents):
        yield folder
        if (folder / ".git").exists():
            return

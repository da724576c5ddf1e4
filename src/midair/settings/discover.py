"""Finds the settings file that is meant, from a folder upwards to the repository's root."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.errors import BadSetting
from midair.model.frozen import frozen
from midair.settings.lines import line_of

Table = Mapping[str, object]


@frozen
class Document:
    """A settings file as read. `prefix` is where midair's table starts in it (`tool.midair`)."""

    path: Path
    text: str
    table: Table
    prefix: tuple[str, ...] = ()

    def line(self, *keys: str | int) -> int | None:
        """The line a setting begins on, counted from 1."""
        return line_of(self.text, (*self.prefix, *keys))

    def place(self, *keys: str | int) -> str:
        """`midair.toml:14`, for messages and origins."""
        line = self.line(*keys)
        return f"{self.path.name}:{line}" if line else self.path.name


def discover(start: Path) -> Document | None:
    """The nearest `midair.toml` or `[tool.midair]` at or above a folder, or `None`.

    Raises:
        BadSetting: one folder has both, or the file is not TOML.
    """
    for folder in _up_to_repository_root(start):
        own = _own(folder / "midair.toml")
        shared = _shared(folder / "pyproject.toml")
        if own and shared:
            raise BadSetting(
                f"{own.path} and [tool.midair] in {shared.path} are both there; which one counts would be a guess",
                hint="move the settings into one of them",
            )
        if own or shared:
            return own or shared
    return None


def named(path: Path) -> Document:
    """The file the user named with `--config`.

    Raises:
        BadSetting: it is missing, unreadable, or has no `[tool.midair]` although it is a pyproject.toml.
    """
    if not path.is_file():
        raise BadSetting(f"{path} is not a file", hint="`midair init` writes a midair.toml")
    document = _shared(path) if path.name == "pyproject.toml" else _own(path)
    if document is None:
        raise BadSetting(f"{path} has no [tool.midair] table", hint="add one, or leave --config away")
    return document


def _up_to_repository_root(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _own(path: Path) -> Document | None:
    return Document(path, *_parsed(path)) if path.is_file() else None


def _shared(path: Path) -> Document | None:
    # A pyproject.toml that never says "midair" is not parsed: it may be large, and is somebody else's.
    if not path.is_file() or b"midair" not in path.read_bytes():
        return None
    text, table = _parsed(path)
    tool = table.get("tool")
    midair = tool.get("midair") if isinstance(tool, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return Document(path, text, midair, ("tool", "midair")) if isinstance(midair, dict) else None  # pyright: ignore[reportUnknownArgumentType]


def _parsed(path: Path) -> tuple[str, dict[str, object]]:
    try:
        text = path.read_bytes().decode()
        return text, tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} is not TOML: {error}", hint="mend that line; nothing was read") from error

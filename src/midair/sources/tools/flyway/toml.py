"""Reads `flyway.toml` and `flyway.user.toml`: settings, and the environment's connection (flyway.md §6.1)."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from midair.errors import BadSetting, NotSet, UnreadableFile
from midair.sources.tools.flyway.configuration import Layer, Value

_REFERENCE = re.compile(r"(\$?)\$\{([^}]+)\}")


def toml_layers(
    paths: Sequence[Path], environment: str | None, variables: Mapping[str, str], root: Path
) -> tuple[Layer, ...]:
    """The files' `[flyway]` tables, then their chosen environment's table, weakest first.

    `environment` is the name somebody asked for; else the files say, else it is `default`.

    Raises:
        BadSetting, NotSet, UnreadableFile: the file, or a value in it, cannot be understood.
    """
    documents = [(_shown(path, root), _load(path, root)) for path in paths]
    common = [
        Layer(shown, dict(_flat(_table(document, "flyway"))), strict=True) for shown, document in documents
    ]
    chosen = environment or next(
        (str(layer.values["environment"]) for layer in reversed(common) if "environment" in layer.values),
        "default",
    )
    special = [
        layer for shown, document in documents for layer in _environment(document, chosen, shown, variables)
    ]
    if environment and not special:
        known = sorted({name for _, document in documents for name in _table(document, "environments")})
        raise BadSetting(
            f"{common[0].origin} has no environment {environment!r}",
            hint=f"it has {', '.join(known) or 'none'}",
        )
    return (*common, *special, Layer("the chosen environment", {"environment": chosen}))


def _environment(
    document: Mapping[str, object], chosen: str, shown: str, variables: Mapping[str, str]
) -> Iterator[Layer]:
    table = _table(_table(document, "environments"), chosen)
    if not table:
        return
    origin = f"{shown} [environments.{chosen}]"
    own = {key: value for key, value in table.items() if key not in ("flyway", "resolvers")}
    yield Layer(origin, {key: _resolved(value, origin, variables) for key, value in _flat(own)})
    yield Layer(origin, dict(_flat(_table(table, "flyway"))), strict=True)


def _resolved(value: Value, origin: str, variables: Mapping[str, str]) -> Value:
    if not isinstance(value, str):
        return tuple(str(_resolved(item, origin, variables)) for item in value)
    if value.startswith("!{") and value.endswith("}"):
        return value[2:-1]
    return _REFERENCE.sub(lambda found: _looked_up(found, origin, variables), value)


def _looked_up(found: re.Match[str], origin: str, variables: Mapping[str, str]) -> str:
    escaped, name = found.groups()
    if escaped:
        return found.group()[1:]
    resolver, _, key = name.partition(".")
    if resolver != "env":
        raise BadSetting(
            f"{origin}: ${{{name}}} asks Flyway's resolver {resolver!r}, which midair does not have",
            hint="give the connection in midair.toml, or use ${env.NAME} there",
        )
    if key not in variables:
        raise NotSet(f"{origin}: ${{{name}}} is not set", hint=f"set {key} in the environment")
    return variables[key]


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """Leaves by dotted key."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(_table(table, key), f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, tuple(_scalar(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - TOML's own
        else:
            yield prefix + key, _scalar(value)


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - TOML's own


def _load(path: Path, root: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{_shown(path, root)} cannot be read as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{_shown(path, root)}: {error}") from error


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

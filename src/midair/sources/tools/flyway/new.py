"""A new migration file, named as the project names its own."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from midair.errors import BadSetting
from midair.sources.source import Options, Project
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.local import FlywayProject, LocalFile, flyway_project
from midair.sources.tools.flyway.names import Kind, Version

_STAMPS = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 8: "%Y%m%d"}


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes the next versioned migration, and its undo file where the project has undo files.

    Raises:
        BadSetting: nothing is left of the description, or the file cannot be written.
    """
    ours = flyway_project(project)
    settings = ours.flyway
    versioned = [
        file for file in ours.files.values() if file.kind is Kind.VERSIONED and file.version is not None
    ]
    now = datetime.now(UTC)
    version = next_version(versioned, now)
    name = f"{version}{settings.sql_migration_separator}{_described(description, settings)}{settings.sql_migration_suffixes[0]}"
    folder = _folder(ours, versioned)
    paths = [_written(folder / f"{settings.sql_migration_prefix}{name}", f"-- {description.strip()}\n")]
    if ours.undos or options.tool.get("undo") == "true":
        beside = next(reversed([undo.path.parent for undo in ours.undos.values()]), folder)
        paths.append(
            _written(
                beside / f"{settings.undo_sql_migration_prefix}{name}", f"-- undoes: {description.strip()}\n"
            )
        )
    return tuple(paths)


def next_version(files: Sequence[LocalFile], now: datetime) -> str:
    """The version after the highest: its last number plus one with its zeros kept, or the time where it is a time."""
    if not files:
        return "1"
    highest = max(files, key=lambda file: file.version or Version((), "0"))
    head, last = _cut(highest.version_text)
    stamp = _as_time(last, now)
    bumped = stamp if stamp is not None and int(stamp) > int(last) else str(int(last) + 1).zfill(len(last))
    return head + bumped


def _cut(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*?)(\d+)", text)
    assert found is not None  # every version ends with a digit
    return found.group(1), found.group(2)


def _as_time(number: str, now: datetime) -> str | None:
    form = _STAMPS.get(len(number))
    if form is not None:
        try:
            datetime.strptime(number, form)
        except ValueError:
            return None
        return now.strftime(form)
    if len(number) in (10, 13) and number[0] == "1":  # seconds or milliseconds since 1970
        return str(int(now.timestamp() * (1 if len(number) == 10 else 1000)))
    return None


def _described(description: str, settings: Settings) -> str:
    words = re.sub(r"[^\w.-]+", "_", description.strip()).strip("_")
    while settings.sql_migration_separator in words and settings.sql_migration_separator.strip("_") == "":
        words = words.replace("__", "_")
        if settings.sql_migration_separator == "_":
            break
    if not words:
        raise BadSetting(f"{description!r} gives no file name", hint="describe the migration in a few words")
    return words


def _folder(ours: FlywayProject, files: Sequence[LocalFile]) -> Path:
    """Where the newest migration is: teams that keep one folder a year go on in the last."""
    sql = [file for file in files if file.type == "SQL" and file.version is not None]
    return max(sql, key=lambda file: file.version or Version((), "0")).path.parent if sql else ours.folder


def _written(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be written: {error.strerror}", hint="choose another description or folder"
        ) from error
    return path

"""Recognises Liquibase projects by a root changelog, or by a liquibase.properties that names one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from midair.errors import UnreadableFile
from midair.sources.source import Found
from midair.sources.tools.liquibase.readers.formatted_sql import is_formatted
from midair.sources.tools.liquibase.settings import from_environment, properties_in

_FOLDERS = (
    "", "db", "db/changelog", "changelog", "changelogs", "liquibase", "liquibase/changelog", "database", "migrations",
    "src/main/resources", "src/main/resources/db/changelog", "src/main/resources/liquibase",
    "src/main/resources/config/liquibase", "src/main/resources/db", "resources/db/changelog",
)  # fmt: skip
_STEMS = (
    "db.changelog-master", "changelog-master", "db.changelog", "changelog", "master", "databaseChangeLog",
    "liquibase-changelog", "changelog-root", "changelog.master", "changeLog", "root", "main",
)  # fmt: skip
_SUFFIXES = (".xml", ".yaml", ".yml", ".json", ".sql")
_PEEKED = 65_536  # bytes of a file that are looked at


def recognises(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """The project at this folder: what liquibase.properties names, else a root changelog in a usual place."""
    config = folder / "liquibase.properties"
    named: str | None = None
    base: list[Path] = [folder, folder / "src/main/resources"]
    with suppress(UnreadableFile):  # a broken one is reported when the project is read
        values = {**(properties_in(config) if config.is_file() else {}), **from_environment(variables)}
        named = values.get("changeLogFile")
        base = [
            folder / each.strip() for each in values.get("searchPath", "").split(",") if each.strip()
        ] + base
    if config.is_file() and named:
        for each in base:
            path = each / named.removeprefix("classpath:").lstrip("/")
            if path.is_file():
                yield Found("liquibase", folder, path.parent, (_shown(path, folder), config.name), config)
                return
    if path := _root_changelog(folder):
        mark = _shown(path, folder)
        yield Found("liquibase", folder, path.parent, (mark,), config if config.is_file() else None)


def _root_changelog(folder: Path) -> Path | None:
    for inner in _FOLDERS:
        home = folder / inner
        if not home.is_dir():
            continue
        for stem in _STEMS:
            for suffix in _SUFFIXES:
                path = home / f"{stem}{suffix}"
                if path.is_file() and _is_changelog(path):
                    return path
    return None


def _is_changelog(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_PEEKED).decode("utf-8", "replace")
    except OSError:  # what we may not read is no project for us
        return False
    return is_formatted(head) if path.suffix == ".sql" else "databaseChangeLog" in head


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

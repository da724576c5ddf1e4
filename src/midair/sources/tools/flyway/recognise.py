"""Recognises Flyway projects by their own files; folders that only look alike are left to their tools."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.sources.source import Found
from midair.sources.tools.flyway.names import Kind, Name, Naming, parse
from midair.sources.tools.flyway.spring import application_files

_CONFIGS = ("flyway.toml", "flyway.user.toml", "flyway.conf", "conf/flyway.conf")
_BUILDS = (
    ("pom.xml", "flyway-maven-plugin"),
    ("build.gradle", "org.flywaydb.flyway"),
    ("build.gradle.kts", "org.flywaydb.flyway"),
)
_FOLDERS = ("sql", "migrations", "db/migration", "src/main/resources/db/migration", ".")
_NOT_PROJECTS = {"node_modules", "target", "build", "out", "venv", "__pycache__", "src", "conf"}
_LOOK_ALIKES = (
    ("Cargo.toml", "refinery"),
    ("schemachange-config.yml", ""),
    ("evolve.json", ""),
    ("refinery.toml", ""),
)
"""Other tools whose files are named `V1__x.sql` too: where their mark is, such a folder alone says nothing."""
_LIMIT = 1_000_000  # bytes; no project file is larger


def recognises(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """The Flyway project of a folder, and those right below it; `FLYWAY_LOCATIONS` alone is no mark.

    A folder that holds another found project's migrations is not a project of its own.
    """
    del variables  # nothing in the environment makes a folder a Flyway project
    covered: list[Path] = []
    for root in (folder, *sorted(_below(folder))):
        found = None if any(root.is_relative_to(other) and root != folder for other in covered) else _at(root)
        if found is not None:
            covered.append(found.folder)
            yield found


def _below(folder: Path) -> Iterator[Path]:
    try:
        children = list(folder.iterdir())
    except OSError:  # what we may not read is no project for us
        return
    for child in children:
        if child.name not in _NOT_PROJECTS and not child.name.startswith(".") and child.is_dir():
            yield child


def _at(root: Path) -> Found | None:
    holding = _folder_with_migrations(root)
    folder = holding or root
    for name in _CONFIGS:
        if (root / name).is_file():
            return Found("flyway", root, folder, (name,), root / name)
    if (application := _application(root, holding)) is not None:
        return Found("flyway", root, folder, (application.relative_to(root).as_posix(),), application)
    for name, mark in _BUILDS:
        if _mentions(root / name, mark):
            return Found("flyway", root, folder, (f"{name}: {mark}",), root / name)
    if holding is None or _looks_alike(root) or _looks_alike(root.parent):
        return None
    found = (root.glob if holding == root else holding.rglob)("V*__*.sql")
    example = next(path for path in sorted(found) if _is_versioned(path.name))
    return Found("flyway", root, holding, (example.relative_to(root).as_posix(),), None)


def _looks_alike(root: Path) -> bool:
    return any(_mentions(root / name, mark) for name, mark in _LOOK_ALIKES)


def _application(root: Path, holding: Path | None) -> Path | None:
    """The application file that configures Flyway, or that stands beside `db/migration`."""
    for path in _application_files(root):
        if _says_flyway(path):
            return path
        if holding is not None and holding.as_posix().endswith("resources/db/migration"):
            return path
    return None


def _application_files(root: Path) -> Iterator[Path]:
    yield from application_files(root)


def _says_flyway(path: Path) -> bool:
    text = _text(path)
    if path.suffix == ".properties":
        return re.search(r"^\s*(spring|quarkus)\.flyway\.", text, re.MULTILINE) is not None
    # `flyway:` below `spring:` in YAML, or the dotted form; reading settles the rest
    return re.search(r"^\s+flyway:|^\s*(spring|quarkus)\.flyway\b", text, re.MULTILINE) is not None


def _folder_with_migrations(root: Path) -> Path | None:
    for name in _FOLDERS:
        folder = root / name
        if not folder.is_dir():
            continue
        files = folder.glob("*.sql") if name == "." else folder.rglob("*.sql")
        if any(_is_versioned(path.name) for path in files):
            return root if name == "." else folder
    return None


def _is_versioned(name: str) -> bool:
    parsed = parse(name, Naming())
    return isinstance(parsed, Name) and parsed.kind is Kind.VERSIONED and "__" in name


def _mentions(path: Path, mark: str) -> bool:
    return path.is_file() and mark in _text(path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LIMIT:
            return ""
        return path.read_text("utf-8", errors="replace")
    except OSError:  # what we may not read says nothing
        return ""

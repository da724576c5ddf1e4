"""Java migrations: seen and named, never run (flyway.md §8)."""

from collections.abc import Iterator
from pathlib import Path

from midair.sources.tools.flyway.locations import Location
from midair.sources.tools.flyway.names import Kind, Name, Naming, Version, parse

_ENDINGS = (".java", ".kt", ".scala", ".groovy", ".class")
_SOURCES = tuple(f"src/main/{language}" for language in ("java", "kotlin", "scala", "groovy"))
_NAMING = Naming(suffixes=_ENDINGS)


def java_migrations(root: Path, locations: tuple[Location, ...]) -> Iterator[tuple[Path, str, Name]]:
    """Each class named like a migration: its file, its name with package, and what the name says.

    Found in the packages the `classpath:` locations stand for, and anywhere in the sources where
    the text says that the class is a Java migration (given in code, or a Spring bean).
    """
    seen: set[str] = set()
    for path, package, certain in _candidates(root, locations):
        name = parse(path.name, _NAMING)
        if (
            not isinstance(name, Name)
            or name.kind not in (Kind.VERSIONED, Kind.REPEATABLE)
            or name.program
            or "$" in path.name
        ):
            continue
        if name.kind is Kind.VERSIONED and Version.parse(name.version_text) is None:
            continue
        class_name = f"{package}.{path.stem}" if package else path.stem
        if class_name not in seen and (certain or _says_so(path)):
            seen.add(class_name)
            yield path, class_name, name


def _candidates(root: Path, locations: tuple[Location, ...]) -> Iterator[tuple[Path, str, bool]]:
    modules = {root, *(_module(location.folder) for location in locations)}
    packages = [location.package for location in locations if location.package]
    for module in sorted(module for module in modules if module is not None):
        for package in packages:
            for base in (*_SOURCES, "build/classes/java/main", "target/classes"):
                folder = module / base / package.replace(".", "/")
                yield from ((path, package, True) for path in _named(folder, recursive=False))
        for base in _SOURCES:
            for path in _named(module / base, recursive=True):
                yield path, ".".join(path.parent.relative_to(module / base).parts), False


def _module(folder: Path) -> Path | None:
    """The module a folder below `src/main/…` belongs to."""
    parts = folder.parts
    return Path(*parts[: parts.index("src")]) if "src" in parts else None


def _named(folder: Path, *, recursive: bool) -> Iterator[Path]:
    if folder.is_dir():
        found = folder.rglob("[VR]*__*") if recursive else folder.glob("[VR]*__*")
        yield from sorted(path for path in found if path.suffix in _ENDINGS and path.is_file())


def _says_so(path: Path) -> bool:
    try:
        return "JavaMigration" in path.read_text("utf-8", errors="replace")
    except OSError:  # an unreadable source cannot be told apart from one that is no migration
        return False

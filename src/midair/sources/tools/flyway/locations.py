"""Where migration files are looked for: `filesystem:`, `classpath:`, wildcards (flyway.md §1.5)."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from midair.errors import BadSetting, UnreadableFile, Unsupported
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.sources.tools.flyway.configuration import Settings

RESOURCES = (
    "src/main/resources", "src/main/java", "src/main/kotlin", "src/main/scala", "src/main/groovy", "resources",
    "build/resources/main", "target/classes",
)  # fmt: skip
"""What `classpath:` means without a JVM: the first of these that holds the folder."""
_CLOUD = ("s3:", "gcs:")
_NO_MODULES = {"node_modules", "target", "build", "out", "venv", "__pycache__"}


@frozen
class LocatedFile:
    """A file below a location; `script` is its path relative to it, as the history stores it."""

    path: Path
    script: str


@frozen
class Location:
    """One location on this machine. `pattern` is set when it has wildcards: then `folder` is where they begin."""

    written: str
    folder: Path
    pattern: str | None = None
    package: str | None = None
    """The Java package a `classpath:` location stands for."""


def located(
    settings: Settings, written: Sequence[str], root: Path, product: Product | None
) -> tuple[tuple[Location, ...], list[str]]:
    """The locations that exist, sorted, nested ones dropped, and a warning about each other one.

    Raises:
        UnreadableFile: one is missing and `failOnMissingLocations` is set.
        BadSetting: a `classpath:` location exists in several modules.
        Unsupported: it is in a cloud bucket.
    """
    warnings: list[str] = []
    found: list[Location] = []
    base = root / settings.working_directory
    for each in written:
        for location in _candidates(each.replace("{vendor}", _vendor(product)), root, base):
            if location.folder.is_dir():
                found.append(location)
                continue
            if settings.fail_on_missing_locations:
                raise UnreadableFile(
                    f"the location {each} was not found", hint="create it, or correct flyway.locations"
                )
            warnings.append(f"the location {each} was not found; Flyway passes over it")
    return _without_nested(
        sorted(set(found), key=lambda location: (location.written, str(location.folder))), warnings
    ), warnings


def _vendor(product: Product | None) -> str:
    return str(product or Product.POSTGRESQL)


def _candidates(written: str, root: Path, base: Path) -> Iterator[Location]:
    if written.startswith(_CLOUD):
        raise Unsupported(
            f"the location {written} is in a cloud bucket",
            hint="copy it to a folder and name that in flyway.locations",
        )
    scheme, colon, rest = written.partition(":")
    if colon and scheme == "filesystem":
        yield _filesystem(written, base, rest)
    else:
        yield _classpath(written, root, (rest if colon and scheme == "classpath" else written).strip("/"))


def _filesystem(written: str, base: Path, rest: str) -> Location:
    path = Path(os.path.normpath(base / rest))
    parts = path.parts
    first = next((number for number, part in enumerate(parts) if re.search(r"[*?]", part)), None)
    if first is None:
        return Location(written, path)
    return Location(written, Path(*parts[:first]), path.as_posix())


def _classpath(written: str, root: Path, inside: str) -> Location:
    package = inside.replace("/", ".")
    modules = (root, *sorted(child for child in _folders(root) if child.name not in _NO_MODULES))
    for resources in RESOURCES:
        hits = [module / resources / inside for module in modules if (module / resources / inside).is_dir()]
        own = [hit for hit in hits if hit == root / resources / inside]
        if own or len(hits) == 1:
            return Location(written, (own or hits)[0], package=package)
        if hits:
            names = ", ".join(hit.relative_to(root).as_posix() for hit in hits)
            raise BadSetting(
                f"the location {written} is in several modules: {names}", hint="point -C at one of them"
            )
    return Location(written, root / RESOURCES[0] / inside, package=package)


def _folders(root: Path) -> Iterator[Path]:
    try:
        yield from (child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:  # a folder we may not read holds nothing for us, as for Flyway
        return


def _without_nested(locations: Sequence[Location], warnings: list[str]) -> tuple[Location, ...]:
    kept: list[Location] = []
    for location in locations:
        outer = next((other for other in locations if _holds(other, location, kept)), None)
        if outer is None:
            kept.append(location)
        else:
            warnings.append(f"the location {location.written} lies within {outer.written}; it is read once")
    return tuple(kept)


def _holds(outer: Location, inner: Location, kept: Sequence[Location]) -> bool:
    if outer is inner or outer.pattern or inner.pattern:
        return False
    if outer.folder == inner.folder:
        return outer in kept
    return inner.folder.is_relative_to(outer.folder)


def files_of(location: Location) -> Iterator[LocatedFile]:
    """Every file of a location, folders in the order of their names; hidden folders are passed over."""
    if location.pattern is None:
        yield from (
            LocatedFile(path, path.relative_to(location.folder).as_posix()) for path in _walk(location.folder)
        )
        return
    last = location.pattern.rpartition("/")[2]
    matches = re.compile(_regex(location.pattern)).fullmatch
    for path in _walk(location.folder):
        if "." in last:
            if matches(path.as_posix()):
                yield LocatedFile(path, path.relative_to(location.folder).as_posix())
            continue
        above = [parent for parent in reversed(path.parents) if parent.is_relative_to(location.folder)]
        matched = next((parent for parent in above if matches(parent.as_posix())), None)
        if matched is not None:
            yield LocatedFile(path, path.relative_to(matched).as_posix())


def _walk(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            yield Path(at) / name


def _regex(pattern: str) -> str:
    pieces = {"**/": "(?:.+/)?", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]+", "?": "[^/]"}
    return re.sub(
        r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?/]+|/",
        lambda found: pieces.get(found.group(), re.escape(found.group())),
        pattern,
    )

"""Which tools' projects are in a folder, told from their own files, nothing run."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from midair.registry import members
from midair.sources.source import Found, Source

_NOT_A_PROJECT = {"node_modules", "__pycache__", "venv", "target", "build", "dist", "site-packages"}


@cache
def sources() -> tuple[Source, ...]:
    """Every tool midair reads, one a folder under `tools`."""
    return members("midair.sources.tools", "SOURCE", Source)


def source_of(tool: str) -> Source:
    """The source with this name, which `Found.tool` gave."""
    return next(each for each in sources() if each.tool == tool)


def recognise(root: Path, variables: Mapping[str, str]) -> tuple[Found, ...]:
    """The projects at or right below a folder; below it only when the folder itself is none.

    Hidden folders and those that hold installed or built things are left out.
    """
    here = tuple(_at(root, variables))
    if here:
        return here
    below = (
        sorted(each for each in root.iterdir() if each.is_dir() and not _skipped(each))
        if root.is_dir()
        else []
    )
    return tuple(found for folder in below for found in _at(folder, variables))


def _at(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    seen: set[tuple[str, Path]] = set()
    for source in sources():
        for found in source.recognises(folder, variables):
            if (found.tool, found.folder) not in seen:
                seen.add((found.tool, found.folder))
                yield found


def _skipped(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _NOT_A_PROJECT

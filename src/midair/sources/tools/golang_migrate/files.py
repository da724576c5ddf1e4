"""The names golang-migrate reads: `12_add_orders.up.sql` and `12_add_orders.down.sql`."""

import re
from collections.abc import Iterable
from pathlib import Path

from midair.errors import BadMigration, DuplicateRevision
from midair.model.frozen import frozen
from midair.sources.numbered import file_names, shown

_NAME = re.compile(r"([0-9]+)_(.*)\.(down|up)\.(.*)")
_HIGHEST = 2**63 - 1
"""The tool reads 64 bits unsigned, and stores them in a signed column."""


@frozen
class Pair:
    """One version's files by name; a direction whose file is missing counts as empty."""

    version: int
    title: str
    digits: str
    up: str | None = None
    down: str | None = None

    @property
    def name(self) -> str:
        """The file that stands for the version in messages and spans."""
        return self.up or self.down or ""


def is_migration(name: str) -> bool:
    """Whether golang-migrate would take a file of this name."""
    return _NAME.fullmatch(name) is not None


def pairs_in(folder: Path, root: Path) -> tuple[Pair, ...]:
    """The versions of a folder, lowest first.

    Raises:
        DuplicateRevision: two files are the same version and direction (`1_x` and `001_y` are).
        BadMigration: a number is too large for the history table.
        UnreadableFile: the folder cannot be read.
    """
    where = shown(folder, root)
    versions: dict[int, Pair] = {}
    for name in file_names(folder):
        if match := _NAME.fullmatch(name):
            digits, title, direction, _ = match.groups()
            pair = versions.get(_version(digits, f"{where}/{name}"))
            versions[int(digits)] = _with(pair or Pair(int(digits), title, digits), direction, name, where)
    return tuple(versions[number] for number in sorted(versions))


def skipped(names: Iterable[str]) -> tuple[str, ...]:
    """SQL files the tool passes over without a word."""
    return tuple(name for name in names if name.endswith(".sql") and not is_migration(name))


def _version(digits: str, where: str) -> int:
    if int(digits) > _HIGHEST:
        raise BadMigration(
            f"{where}:1 has the number {digits}, and the history holds no more than {_HIGHEST}",
            hint="renumber it",
        )
    return int(digits)


def _with(pair: Pair, direction: str, name: str, where: str) -> Pair:
    taken = pair.up if direction == "up" else pair.down
    if taken is not None:
        raise DuplicateRevision(
            f"{where}/{taken} and {where}/{name} are both version {pair.version} {direction}",
            hint="give one of them another number; leading zeros do not count",
        )
    up, down = (name, pair.down) if direction == "up" else (pair.up, name)
    return Pair(pair.version, pair.title, pair.digits, up, down)

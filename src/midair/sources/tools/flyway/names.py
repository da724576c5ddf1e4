"""What a file's name says: kind, version, description, and the order they run in (flyway.md §1.1–1.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from midair.model.frozen import frozen

SCRIPT_SUFFIXES = (".sh", ".bash", ".py", ".cmd", ".bat", ".ps1")
"""Files with these endings are programs: Flyway executes them and writes type `SCRIPT`."""

_ACTIONS = (
    "Validate", "Migrate", "EachMigrate", "EachMigrateStatement", "Undo", "EachUndo", "EachUndoStatement",
    "Baseline", "Repair", "Info", "Clean",
)  # fmt: skip
EVENTS = (
    *(f"before{action}" for action in _ACTIONS), *(f"after{action}" for action in _ACTIONS),
    *(f"after{action}Error" for action in _ACTIONS),
    "createSchema", "beforeCreateSchema", "afterVersioned", "beforeRepeatables", "afterMigrateApplied",
    "beforeConnect", "afterConnect",
)  # fmt: skip
"""Every event a callback file can be named after."""


class Kind(StrEnum):
    """What a file is, by its prefix."""

    VERSIONED = "versioned"
    BASELINE = "baseline"
    UNDO = "undo"
    REPEATABLE = "repeatable"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version: compared by its numbers, shown as its text. `1`, `01` and `1.0` are equal."""

    parts: tuple[int, ...]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """The version a text spells, `_` standing for `.`; `None` when it spells none."""
        dotted = text.replace("_", ".")
        pieces = re.split(r"\.(?=\d)", dotted)
        if not all(re.fullmatch(r"[+-]?\d+", piece) for piece in pieces):
            return None
        numbers = [int(piece) for piece in pieces]
        while numbers and numbers[-1] == 0:  # missing parts are zero, so trailing zeros say nothing
            numbers.pop()
        return cls(tuple(numbers), dotted)


@frozen
class Naming:
    """The team's own prefixes, separator and suffixes."""

    versioned: str = "V"
    repeatable: str = "R"
    undo: str = "U"
    baseline: str = "B"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)

    def prefixes(self) -> Iterator[tuple[str, Kind]]:
        """Every prefix with its kind, in no particular order."""
        yield self.versioned, Kind.VERSIONED
        yield self.repeatable, Kind.REPEATABLE
        yield self.undo, Kind.UNDO
        yield self.baseline, Kind.BASELINE
        for event in EVENTS:
            yield event, Kind.CALLBACK


@frozen
class Name:
    """A valid name. `version_text` is how the file spells the version; `event` is set for callbacks."""

    kind: Kind
    version: Version | None
    description: str
    prefix: str = ""
    version_text: str = ""
    program: bool = False

    @property
    def event(self) -> str:
        """The event a callback is for."""
        return self.prefix


@frozen
class Skipped:
    """A name Flyway passes over in silence; `reason` says why, for people."""

    reason: str


def parse(filename: str, naming: Naming) -> Name | Skipped | None:
    """What a file is by its name; `None` when its ending is not a migration's at all."""
    stem, program = _without_suffix(filename, naming)
    if stem is None:
        return None
    found = _prefix_of(stem, naming)
    if found is None:
        return None if program else Skipped(f"{filename} begins with none of the prefixes {_shown(naming)}")
    prefix, kind = found
    left, _, right = stem.removeprefix(prefix).partition(naming.separator)
    if kind in (Kind.REPEATABLE, Kind.CALLBACK):
        return _unversioned(filename, prefix, kind, left, stem, right, program, naming)
    version = Version.parse(left)
    if version is None:
        return (
            None
            if program
            else Skipped(f"{filename} has no valid version: {left or 'nothing'!r} stands where one belongs")
        )
    return Name(kind, version, right.replace("_", " "), prefix, left, program)


def _unversioned(
    filename: str, prefix: str, kind: Kind, left: str, stem: str, right: str, program: bool, naming: Naming
) -> Name | Skipped | None:
    if left:
        reason = f"{filename} has {left!r} between {prefix!r} and {naming.separator!r}, where nothing belongs"
        return None if program else Skipped(reason)
    if kind is Kind.REPEATABLE and stem == prefix:
        return None if program else Skipped(f"{filename} is a prefix and nothing else")
    return Name(kind, None, right.replace("_", " "), prefix, "", program)


def _without_suffix(filename: str, naming: Naming) -> tuple[str | None, bool]:
    lowered = filename.lower()
    for suffixes, program in ((naming.suffixes, False), (SCRIPT_SUFFIXES, True)):
        for suffix in suffixes:
            if lowered.endswith(suffix.lower()):
                return filename[: len(filename) - len(suffix)], program
    return None, False


@lru_cache(maxsize=8)
def _longest_first(naming: Naming) -> tuple[tuple[str, Kind], ...]:
    return tuple(sorted(naming.prefixes(), key=lambda pair: -len(pair[0])))


def _prefix_of(stem: str, naming: Naming) -> tuple[str, Kind] | None:
    for prefix, kind in _longest_first(naming):
        if stem.startswith(prefix):
            return prefix, kind
    return None


def _shown(naming: Naming) -> str:
    return ", ".join(
        repr(prefix) for prefix in (naming.versioned, naming.repeatable, naming.baseline, naming.undo)
    )


def java_order(text: str) -> bytes:
    """A sort key that orders texts as Java does: by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")

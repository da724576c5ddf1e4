"""What an author declares about a statement because SQL cannot say it."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a change is to be made where several ways are open. `direct`: as written, whatever it blocks or breaks."""

    BRIDGE = "bridge"
    DUPLICATE = "duplicate"
    SHADOW = "shadow"
    DIRECT = "direct"


class When(StrEnum):
    """`expand`: both versions of the application are fine after it. `contract`: only once the old one is gone."""

    EXPAND = "expand"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Intent:
    """What stands above one statement, or in the `info` of the call that sends it. `None`: not said.

    `up` gives the new shape's value from a row of the old one, `down` the other way: SQL expressions over the
    table's columns. `batch_rows`: the most rows that one batch of it may take. `place` is file and line.
    """

    up: str | None = None
    down: str | None = None
    strategy: Way | None = None
    phase: When | None = None
    batch_rows: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """Words of a file for the statements that begin between `first` and `last`; `line` is where they stand."""

    line: int
    first: int
    last: int
    words: tuple[tuple[str, str], ...]

"""What a format is: turns a report into one kind of text."""

from collections.abc import Callable

from midair.model.frozen import frozen
from midair.reporting.report import Report


@frozen
class Look:
    """What the reader's screen can show. `width` is `None` where nothing must be wrapped."""

    colour: bool = False
    ascii: bool = False
    width: int | None = None
    sql: bool = False
    """A plan shows its statements alone, as a script."""
    details: bool = False


@frozen
class Format:
    """One kind of text. `render` gives the whole text, ending in a line break."""

    name: str
    render: Callable[[Report, Look], str]

"""The two sections of a dbmate file, `-- migrate:up` and `-- migrate:down`, with their options."""

import re

from midair.errors import BadMigration
from midair.model.frozen import frozen

# Go's classes: blanks are ASCII, and they may be line breaks.
_UP = re.compile(r"^--[\t\n\f\r ]*migrate:up(?:[\t\n\f\r ]*$|[\t\n\f\r ]+[^\t\n\f\r ]+)", re.MULTILINE)
_DOWN = re.compile(r"^--[\t\n\f\r ]*migrate:down(?:[\t\n\f\r ]*$|[\t\n\f\r ]+[^\t\n\f\r ]+)", re.MULTILINE)
_DIRECTIVE = re.compile(r"--[\t\n\f\r ]*migrate:(?:up|down)")


@frozen
class Section:
    """One direction's text, its directive line included, as the tool sends it."""

    text: str
    line: int
    """Where it begins in the author's file."""
    transaction: bool


def is_marked(text: str) -> bool:
    """Whether a file is dbmate's: a line `-- migrate:up` stands in it."""
    return _UP.search(text) is not None


def sections_of(text: str, path: str) -> tuple[Section, Section]:
    """The up and the down section of a file.

    Raises:
        BadMigration: one is missing, out of order or there twice, or SQL stands before the first.
    """
    ups, downs = (
        [match.start() for match in _UP.finditer(text)],
        [match.start() for match in _DOWN.finditer(text)],
    )
    if not ups:
        raise BadMigration(
            f"{path}:1 has no line `-- migrate:up`", hint="dbmate wants both sections, up first"
        )
    if stray := _stray_line(text[: ups[0]]):
        raise BadMigration(
            f"{path}:{stray} has SQL before `-- migrate:up`, and dbmate refuses that",
            hint="move it into the section",
        )
    if not downs:
        raise BadMigration(
            f"{path}:{_line(text, ups[0])} has no line `-- migrate:down`",
            hint="add one; the section may be empty",
        )
    if downs[0] < ups[0]:
        raise BadMigration(
            f"{path}:{_line(text, downs[0])} has `-- migrate:down` before up", hint="put the up section first"
        )
    if len(ups) > 1 or len(downs) > 1:
        second = sorted(ups + downs)[2]
        raise BadMigration(
            f"{path}:{_line(text, second)} begins a second pair of sections; dbmate applies the first, fails on the "
            "second, and then takes the file for applied",
            hint="move the second pair to a file of its own",
        )
    return _section(text, ups[0], downs[0]), _section(text, downs[0], len(text))


def _section(text: str, start: int, end: int) -> Section:
    piece = text[start:end]
    words = _DIRECTIVE.sub("", piece.split("\n", 1)[0], count=1).split()
    pairs = (word.split(":") for word in words)
    options = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return Section(piece, _line(text, start), options.get("transaction") != "false")


def _stray_line(before: str) -> int | None:
    lines = enumerate(before.split("\n"), 1)
    return next(
        (number for number, line in lines if line.strip() and not line.lstrip().startswith("--")), None
    )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1

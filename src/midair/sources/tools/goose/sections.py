"""goose's annotations: which lines of a file are which statement of which direction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from midair.errors import BadMigration
from midair.model.frozen import frozen
from midair.model.migration import Direction
from midair.sources.tools.goose.envsub import expanded

_MARK = "+goose"
_LONGEST_LINE = 4 * 1024 * 1024
"""Bytes; goose cannot read a line that long."""


class Annotation(StrEnum):
    """What may follow `-- +goose`, in any case of letters."""

    UP = "up"
    DOWN = "down"
    BEGIN = "statementbegin"
    END = "statementend"
    NO_TRANSACTION = "no transaction"
    ENVSUB_ON = "envsub on"
    ENVSUB_OFF = "envsub off"


@frozen
class Piece:
    """What goose sends as one message: usually one statement. `line` is where it begins in the file."""

    text: str
    line: int


@frozen
class Section:
    """One direction of a file; a file without a Down has no pieces there."""

    pieces: tuple[Piece, ...]
    transaction: bool


@dataclass(slots=True)
class _Reader:
    """Where in the file the reading is. Mutable, and private to one call of `section_of`."""

    path: str
    wanted: Direction
    direction: Direction | None = None
    begun_at: int | None = None
    """The line of the StatementBegin that is open."""
    envsub: bool = False
    transaction: bool = True
    lines: list[str] = field(default_factory=list[str])
    first_line: int = 0
    pieces: list[Piece] = field(default_factory=list[Piece])

    def refuse(self, line: int, what: str, hint: str) -> BadMigration:
        return BadMigration(f"{self.path}:{line} {what}", hint=hint)


def is_marked(text: str) -> bool:
    """Whether a file is goose's: an annotation `-- +goose Up` stands in it."""
    return any(_quick(line) is Annotation.UP for line in text.split("\n") if _MARK in line)


def has_down(text: str) -> bool:
    """Whether there is an annotation `-- +goose Down`."""
    return any(_quick(line) is Annotation.DOWN for line in text.split("\n") if _MARK in line)


def section_of(text: str, path: str, wanted: Direction, variables: Mapping[str, str]) -> Section:
    """One direction of a file, cut as goose cuts it; statements of the other one may be broken.

    Raises:
        BadMigration: the annotations are out of order or unknown, or a statement does not end.
        NotSet: ENVSUB is on and a variable has no value.
    """
    reader = _Reader(path, wanted)
    for number, line in _lines(text, path):
        if _is_annotation(line):
            _annotated(reader, _annotation(reader, line, number), number)
        else:
            _read_line(reader, line, number, variables)
    return _finished(reader)


def _lines(text: str, path: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) * 4 >= _LONGEST_LINE and len(line.encode()) >= _LONGEST_LINE:
            raise BadMigration(
                f"{path}:{number} is longer than 4 MB, which goose cannot read", hint="break the line"
            )
        yield number, line.removesuffix("\r")


def _is_annotation(line: str) -> bool:
    return line.lstrip().startswith("--") and _MARK in line


def _quick(line: str) -> Annotation | None:
    words = " ".join(line.replace("--", "").replace(_MARK, "", 1).split()).lower()
    return next((each for each in Annotation if each == words), None) if line.startswith("--") else None


def _annotation(reader: _Reader, line: str, number: int) -> Annotation:
    if line[0] in " \t":
        raise reader.refuse(
            number, "has an annotation with blanks in front", "begin the line with `-- +goose`"
        )
    words = line.replace("--", "").replace(_MARK, "", 1).strip()
    found = next((each for each in Annotation if each == words.lower()), None)
    if found is None:
        raise reader.refuse(
            number,
            f"has the annotation {words!r}, which goose does not know",
            "write Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON or ENVSUB OFF",
        )
    return found


def _annotated(reader: _Reader, annotation: Annotation, number: int) -> None:
    match annotation:
        case Annotation.UP:
            if reader.direction is not None:
                raise reader.refuse(
                    number, "is a second `-- +goose Up`", "keep one section of each direction"
                )
            reader.direction = Direction.UP
        case Annotation.DOWN:
            if reader.direction is not Direction.UP or reader.begun_at:
                raise reader.refuse(
                    number,
                    "has `-- +goose Down` out of place",
                    "put one Down after the Up section, statements closed",
                )
            _refuse_unfinished(reader)
            reader.direction = Direction.DOWN
        case Annotation.BEGIN:
            if reader.direction is None or reader.begun_at:
                raise reader.refuse(
                    number, "has StatementBegin out of place", "put it after Up or Down, one at a time"
                )
            reader.begun_at = number
        case Annotation.END:
            if not reader.begun_at:
                raise reader.refuse(
                    number,
                    "has StatementEnd without StatementBegin",
                    "add `-- +goose StatementBegin` before it",
                )
            reader.begun_at = None
            _cut(reader)
        case Annotation.NO_TRANSACTION:
            reader.transaction = False
        case Annotation.ENVSUB_ON | Annotation.ENVSUB_OFF:
            reader.envsub = annotation is Annotation.ENVSUB_ON


def _read_line(reader: _Reader, line: str, number: int, variables: Mapping[str, str]) -> None:
    if not reader.lines:
        if line.lstrip().startswith("--") or not line.strip():
            return  # what stands between statements is not sent
        reader.first_line = number
    if reader.direction is None:
        raise reader.refuse(number, "has SQL before `-- +goose Up`", "move it below that line")
    if reader.direction is not reader.wanted:
        return
    if reader.envsub:
        line = expanded(line, variables, f"{reader.path}:{number}")
    reader.lines.append(line)
    if not reader.begun_at and _ends_statement(line):
        _cut(reader)


def _ends_statement(line: str) -> bool:
    last = ""
    for word in line.split():
        if word.startswith("--"):
            break
        last = word
    return last.endswith(";")


def _cut(reader: _Reader) -> None:
    if reader.lines:
        reader.pieces.append(Piece("\n".join(reader.lines), reader.first_line))
    reader.lines = []


def _refuse_unfinished(reader: _Reader) -> None:
    if "".join(reader.lines).strip():
        raise reader.refuse(
            reader.first_line,
            "begins a statement that does not end: goose looks for a line that ends in a semicolon",
            "end it with `;`, or put it between StatementBegin and StatementEnd",
        )
    reader.lines = []


def _finished(reader: _Reader) -> Section:
    if reader.direction is None:
        raise reader.refuse(1, "has no annotation `-- +goose Up`", "begin the file with it")
    if reader.begun_at:
        raise reader.refuse(
            reader.begun_at, "has StatementBegin without StatementEnd", "add `-- +goose StatementEnd`"
        )
    _refuse_unfinished(reader)
    return Section(tuple(reader.pieces), reader.transaction)

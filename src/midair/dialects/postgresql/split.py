"""Cuts a file into statements with PostgreSQL's own parser, COPY data and psql's left-overs included."""

import re
from collections.abc import Iterator

from midair.dialects.postgresql.parse import borders, meta_commands, scans, statement_of
from midair.errors import BadMigration, NotParsed
from midair.model.statement import Span, Statement

_MAY_READ_STDIN = re.compile(rb"\bfrom\s+stdin\b", re.IGNORECASE)  # only finds candidates; the parser decides
_MAY_BE_META = re.compile(rb"^[ \t]*\\(?!\.\s*$)", re.MULTILINE)
_RESTRICT = re.compile(rb"^\\(?:un)?restrict [0-9A-Za-z]+[ \t\r]*$", re.MULTILINE)
"""What pg_dump writes since the security releases of August 2025."""


def split(text: str, path: str, first_line: int = 1) -> tuple[Statement, ...]:
    """The statements of a file in order, each with its line; empty ones and comments between them are left out.

    `first_line` is the line the text begins at in the author's file.

    Raises:
        BadMigration: a quote or dollar quote never ends, or a psql command stands in the file.
    """
    try:
        return tuple(_statements(_without_meta(text.encode(), path, first_line), path, first_line))
    except NotParsed as error:
        raise _unreadable(error, text.encode(), path, first_line) from error


def _statements(data: bytes, path: str, first_line: int) -> Iterator[Statement]:
    start = 0
    line = _Lines(data, first_line)
    for copy_end, rows_start, rows_end, resume in _copies(data):
        pieces = borders(data[start:copy_end])
        for offset, length in pieces[:-1]:
            yield _statement(data, start + offset, length, path, line)
        rows = data[rows_start:rows_end].decode()
        offset, length = pieces[-1]
        yield _statement(data, start + offset, length, path, line, rows)
        start = resume
    for offset, length in borders(data[start:]):
        yield _statement(data, start + offset, length, path, line)


def _statement(
    data: bytes, start: int, length: int, path: str, lines: "_Lines", rows: str | None = None
) -> Statement:
    sql = data[start : start + length].decode()
    line, column = lines.at(start)
    return Statement(sql, Span(path, line, column, line + sql.count("\n")), rows)


class _Lines:
    """Line and column of growing offsets, in one pass over the text."""

    def __init__(self, data: bytes, first_line: int) -> None:
        self._data = data
        self._offset = 0
        self._line = first_line

    def at(self, offset: int) -> tuple[int, int]:
        self._line += self._data.count(b"\n", self._offset, offset)
        self._offset = offset
        line_start = self._data.rfind(b"\n", 0, offset) + 1
        return self._line, len(self._data[line_start:offset].decode()) + 1


def _copies(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each `COPY … FROM STDIN`: end of the statement, start and end of its rows, where SQL goes on."""
    start = 0
    for candidate in _MAY_READ_STDIN.finditer(data):
        if candidate.start() < start:
            continue
        end = _copy_end(data, start, candidate.end())
        if end is None:
            continue
        newline = data.find(b"\n", end)
        rows_start = len(data) if newline < 0 else newline + 1
        rows_end, resume = _rows(data, rows_start)
        yield end, rows_start, rows_end, resume
        start = resume


def _copy_end(data: bytes, start: int, after: int) -> int | None:
    """Where the COPY that holds this `FROM STDIN` ends, or `None` when the words are something else."""
    end = data.find(b";", after)
    while end >= 0 and end - after < 2_000:  # options may hold a quoted semicolon; no COPY head is longer
        try:
            pieces = borders(data[start : end + 1])
        except NotParsed:
            pieces = ()
        if pieces:
            offset, length = pieces[-1]
            if copy_from_stdin(data[start + offset : start + offset + length].decode()):
                return end + 1
        end = data.find(b";", end + 1)
    return None


def copy_from_stdin(sql: str) -> bool:
    """The statement is a COPY whose rows follow it."""
    if not _MAY_READ_STDIN.search(sql.encode()):
        return False
    kind, tree = statement_of(sql)
    return kind == "copy_stmt" and tree.is_from and not tree.filename and not tree.is_program


def _rows(data: bytes, start: int) -> tuple[int, int]:
    """End of the rows and start of what follows: rows end at a line `\\.`, or with the file."""
    position = start
    while position < len(data):
        newline = data.find(b"\n", position)
        line_end = len(data) if newline < 0 else newline
        if data[position:line_end].strip() == b"\\.":
            return position, min(line_end + 1, len(data))
        position = line_end + 1
    return len(data), len(data)


def _without_meta(data: bytes, path: str, first_line: int) -> bytes:
    """The text with pg_dump's `\\restrict` lines blanked out.

    Raises:
        BadMigration: another psql command stands in the text.
    """
    if not _MAY_BE_META.search(data):
        return data
    data = _without_restrict(data)
    if not _MAY_BE_META.search(data):
        return data
    skip = [(begin, resume) for _, begin, _, resume in _copies(data)]
    masked = bytearray(data)
    for begin, resume in skip:
        masked[begin:resume] = re.sub(rb"[^\n]", b" ", data[begin:resume])
    for offset, command in meta_commands(bytes(masked)):
        line = first_line + data.count(b"\n", 0, offset)
        raise BadMigration(
            f"{path}:{line} has the psql command {command.split()[0]}, which only psql understands",
            hint="replace it by SQL, or run that file with psql",
        )
    return data


def _without_restrict(data: bytes) -> bytes:
    """Blanks the lines that guard psql only; their token can be no SQL token, so they go before anything is scanned."""
    kept = bytearray(data)
    start = 0
    for line in _RESTRICT.finditer(data):
        if scans(
            bytes(kept[start : line.start()])
        ):  # else the line is text inside a quote that is still open
            kept[line.start() : line.end()] = b" " * len(line.group())
            start = line.end()
    return bytes(kept)


def _unreadable(error: NotParsed, data: bytes, path: str, first_line: int) -> BadMigration:
    line = first_line if error.offset is None else first_line + data.count(b"\n", 0, error.offset)
    return BadMigration(
        f"{path}:{line} {error.message}", hint="close the quote, comment or dollar quote that begins there"
    )

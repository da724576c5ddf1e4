"""Cuts a file into statements by asking SQLite where each is complete (`sqlite3_complete`)."""

from collections.abc import Iterator
from sqlite3 import complete_statement

from midair.errors import BadMigration
from midair.model.statement import Span, Statement


def split(text: str, path: str, first_line: int = 1) -> tuple[Statement, ...]:
    """The statements of a file in order, each with its line; empty ones and comments between them are left out.

    Raises:
        BadMigration: a quote or comment never ends, or there is a NUL character, where SQLite stops reading.
    """
    if (place := text.find("\0")) >= 0:
        raise BadMigration(
            f"{path}:{first_line + text.count(chr(10), 0, place)} holds a NUL character",
            hint="save the file as UTF-8 text",
        )
    return tuple(_statements(text, path, first_line))


def _statements(text: str, path: str, first_line: int) -> Iterator[Statement]:
    start, line = 0, first_line
    end = text.find(";")
    while end >= 0:
        if complete_statement(text[start : end + 1]):
            yield from _trimmed(text[start:end], path, line)
            line += text.count("\n", start, end + 1)
            start = end + 1
        end = text.find(";", end + 1)
    rest = text[start:]
    if without_comments(rest) and not complete_statement(rest + "\n;"):
        opened = line + (
            len(rest) - len(rest.lstrip()) and rest[: len(rest) - len(rest.lstrip())].count("\n")
        )
        raise BadMigration(
            f"{path}:{opened} begins a statement that never ends: a quote, comment or trigger body is left open",
            hint="close it; SQLite would refuse the file too",
        )
    yield from _trimmed(rest, path, line)


def _trimmed(piece: str, path: str, line: int) -> Iterator[Statement]:
    sql = without_comments(piece)
    if sql:
        begins = line + piece[: len(piece) - len(sql)].count("\n") if piece.endswith(sql) else line
        yield Statement(sql.rstrip(), Span(path, begins, 1, begins + sql.rstrip().count("\n")))


def without_comments(sql: str) -> str:
    """The text from its first word on: blanks and comments in front of it are dropped."""
    rest = sql.lstrip()
    while rest.startswith(("--", "/*")):
        if rest.startswith("--"):
            _, _, rest = rest.partition("\n")
        else:
            _, _, rest = rest.partition("*/")
        rest = rest.lstrip()
    return rest

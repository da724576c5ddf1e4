"""A large file's text without what only repeats: rows. For looking at files, never for running them.

A file of data has a million INSERTs that say the same of the schema as the first of them. Their text goes before
anything takes the file apart; every line keeps its number, only columns behind something left out may be wrong.
"""

import re
from collections.abc import Iterator

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.parse import fingerprint, scanned_borders
from midair.dialects.postgresql.split import copy_from_stdin
from midair.errors import NotParsed
from midair.model.change import Insert

LARGE = 4_000_000
"""Characters from which on a text is looked through for rows."""
_WINDOW = 1_000_000
"""How much of a text is taken apart at once, unless one statement is longer."""
_HUGE = 1_000_000
"""An INSERT of more bytes than this is looked at by its first rows: its tree would take thirty times its text."""
_HEAD = 65_536
_LONGEST_COPY = 10_000
_END_OF_ROWS = re.compile(r"^[ \t]*\\\.[ \t\r]*$", re.MULTILINE)
_MAY_READ_STDIN = re.compile(r"\bfrom\s+stdin\b", re.IGNORECASE)  # only finds candidates; the parser decides


def condensed(text: str) -> str:
    """The text with repeated INSERTs of constants, most rows of very long ones, and the rows of COPY left out.

    Text that the scanner cannot read is left as it is, for the splitter to say what is wrong.
    """
    return text if len(text) < LARGE else "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    start, rows = 0, _Rows()
    while start < len(text):
        for end in _ends(text, start):
            if end - start > 2 * _HUGE and (past := _past_rows(text, start)) is not None:
                head, start = past
                yield rows.head_alone(head)
                break
            window = text[start:end].encode()
            try:
                borders = scanned_borders(window)
            except NotParsed:
                continue  # it ends inside a quote or comment
            yield from rows.left_out(window, borders)
            start = end
            if borders and borders[-1][1] < _LONGEST_COPY and copy_from_stdin(_last(window, borders)):
                stop, start = _copied(text, start)
                yield "\n" * text.count("\n", end, stop) + text[stop:start]
            break
        else:
            yield text[start:]
            return


def _last(window: bytes, borders: tuple[tuple[int, int], ...]) -> str:
    return window[borders[-1][0] :].decode()


def _copied(text: str, start: int) -> tuple[int, int]:
    """Where the rows of a COPY end, and where the line that says so does."""
    last = _END_OF_ROWS.search(text, start)
    return (last.start(), last.end()) if last else (len(text), len(text))


def _past_rows(text: str, start: int) -> tuple[str, int] | None:
    """The first rows of a very long INSERT that begins here, its line breaks behind them, and where it ends; `None` for another.

    It is gone through a million characters at a time: scanned as a whole it would take three times its text.
    """
    head = _first_rows(text[start : start + _HEAD].lstrip())
    if head is None:
        return None
    begin = text.index(head[:1], start)
    place = begin + len(head) + 1  # behind the comma
    while (end := _row_end(text, place)) is not None:
        place = end
    for end in _ends(text, place):
        length = _rows_length(text[place:end])
        if length is not None:
            last = place + length
            lines = text.count("\n", begin + len(head), last)
            return "\n" * text.count("\n", start, begin) + head + ";" + "\n" * lines, last
    return None


def _row_end(text: str, place: int) -> int | None:
    """Behind the last row, and its comma, of those that are whole in the next million characters; `None` where the statement may end."""
    window = text[place : place + _WINDOW]
    cut, end = len(window), "),\n" if "),\n" in window else "),"  # most rows end their line
    for _ in range(50):  # a row's end may be text inside a quote
        cut = window.rfind(end, 0, cut)
        if cut < 0:
            return None
        length = _rows_length(window[: cut + 2])
        if length is not None:
            return place + cut + 2 if length == cut + 2 else None
    return None


def _rows_length(text: str) -> int | None:
    """How much of a text that goes on with rows belongs to their statement; `None` when it ends inside a quote or a row."""
    word = b"VALUES"  # the scanner sees no statement without a keyword
    window = word + text.encode()
    try:
        borders = scanned_borders(window)
    except NotParsed:
        return None
    return len(window[len(word) : sum(borders[0])].decode()) if borders else None


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a window may end, behind a semicolon that may end a statement; each twice as far away as the one before."""
    copy = _MAY_READ_STDIN.search(text, start, start + _WINDOW)
    if copy is not None and (end := text.find(";", copy.end())) >= 0:
        yield end + 1
    size = _WINDOW
    while start + size < len(text):
        end = max(text.rfind(";\n", start, start + size), text.rfind(";\r\n", start, start + size))
        if end >= 0:
            yield end + 1
        size *= 2
    yield len(text)


class _Rows:
    """Remembers which INSERTs of constants were there since another statement came between."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._whole = True
        """Whether the statement before this place was kept to its end, so that its semicolon belongs there."""

    def left_out(self, window: bytes, borders: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """The window's text, with line breaks alone where an INSERT says nothing new."""
        end = 0
        for offset, length in borders:
            between = window[end:offset].decode()
            end = offset + length
            yield self._without_semicolon(between)
            kept = self._begun(window[offset:end]) if length > _HUGE else self._kept(window[offset:end])
            lines = window.count(b"\n", offset, end) - kept.count("\n")
            self._whole = bool(kept) and not lines
            yield kept + (";" if kept and lines else "") + "\n" * lines
        yield self._without_semicolon(window[end:].decode())

    def _without_semicolon(self, between: str) -> str:
        # That of what was left out goes too: a million of them is a long text as well.
        return between if self._whole else between.removeprefix(";")

    def _kept(self, sql: bytes) -> str:
        mark = fingerprint(sql)
        if mark is not None and mark in self._known:
            return ""
        text = sql.decode()
        if mark is None or not _only_rows(text):
            self._known.clear()
        else:
            self._known.add(mark)
        return text

    def _begun(self, sql: bytes) -> str:
        """As many of the first rows of an INSERT as are a statement by themselves; all of any other statement."""
        self._known.clear()
        return _first_rows(sql[:_HEAD].decode(errors="ignore")) or sql.decode()

    def head_alone(self, text: str) -> str:
        """The text of a statement's beginning, which stands for all of it."""
        self._known.clear()
        self._whole = False
        return text


def _first_rows(head: str) -> str | None:
    """As much of an INSERT's beginning as is an INSERT of constants by itself."""
    cut = len(head)
    for _ in range(50):  # a row's end may be text inside a quote
        cut = head.rfind("),", 0, cut)
        if cut < 0:
            return None
        if _only_rows(head[: cut + 1]):
            return head[: cut + 1]
    return None


def _only_rows(sql: str) -> bool:
    changes = changes_of(sql)
    return len(changes) == 1 and isinstance(changes[0], Insert) and changes[0].rows is not None

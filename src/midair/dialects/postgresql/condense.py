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
            window = text[start:end].encode()
            try:
                borders = scanned_borders(window)
            except NotParsed:
                continue  # it ends inside a quote or comment
            yield from rows.left_out(window, borders)
            start = end
            break
        else:
            yield text[start:]
            return
        if borders and borders[-1][1] < _LONGEST_COPY and copy_from_stdin(window[borders[-1][0] :].decode()):
            last = _END_OF_ROWS.search(text, start)
            stop = last.start() if last else len(text)
            yield "\n" * text.count("\n", start, stop)
            start = last.end() if last else stop
            yield text[stop:start]


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
            kept = self._first_rows(window, offset, end) if length > _HUGE else self._kept(window[offset:end])
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

    def _first_rows(self, window: bytes, start: int, end: int) -> str:
        """As many of the first rows of an INSERT as are a statement by themselves; all of any other statement."""
        self._known.clear()
        head = window[start : start + _HEAD].decode(errors="ignore")
        cut = len(head)
        for _ in range(50):  # a row's end may be text inside a quote
            cut = head.rfind("),", 0, cut)
            if cut < 0:
                break
            if _only_rows(head[: cut + 1]):
                return head[: cut + 1]
        return window[start:end].decode()


def _only_rows(sql: str) -> bool:
    changes = changes_of(sql)
    return len(changes) == 1 and isinstance(changes[0], Insert) and changes[0].rows is not None

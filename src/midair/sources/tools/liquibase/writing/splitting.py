"""SQL text cut into statements where Liquibase cuts it (liquibase.md §2.6).

On PostgreSQL dollar quotes are understood too: the original does not, and cuts through them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DOLLAR = r"(?P<dollar>\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$)"
_TOKENS = (
    r"(?P<space>\s+)"
    r"|(?P<comment>--[^\n]*|/\*.*?\*/|/\*.*\Z)"
    r"|(?P<quoted>'(?:''|\\.|[^'\\])*'|\"(?:[^\"])*\"|`[^`]*`)"
    r"|(?P<word>[A-Za-z_][\w$]*|\d[\w.]*)"
)
_PLAIN = re.compile(_TOKENS + r"|(?P<other>.)", re.DOTALL)
_WITH_DOLLARS = re.compile(_DOLLAR + "|" + _TOKENS + r"|(?P<other>.)", re.DOTALL)
_NOT_A_BLOCK = {"transaction", "tran", "work", "isolation", "read", ";", ""}


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement and how many lines of the text stand before it."""

    sql: str
    line: int


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def pieces(text: str, *, split: bool, strip: bool, delimiter: str | None, dollars: bool) -> tuple[Piece, ...]:
    """The statements of a text, each with the line it begins at, counted from 0.

    Comments are stripped inside dollar quotes too: the original does not know those, and so the
    functions it creates have none.
    """
    text = text.replace("\r", "")
    lines = _Lines(text)
    if strip:
        text, lines = _stripped(text)
    tokens = tuple(_tokens(text, dollars=dollars))
    cuts = _cuts(tokens, delimiter or None) if split else ()
    found: list[Piece] = []
    start = 0
    for first, after in (*cuts, (len(tokens), len(tokens))):
        found += _piece(tokens[start:first], lines)
        start = after
    return tuple(found)


class _Lines:
    """The line of an offset, in the text as it was before comments were taken out of it."""

    def __init__(self, text: str, kept: Sequence[tuple[int, int]] = ((0, 0),)) -> None:
        self._breaks = [at for at, letter in enumerate(text) if letter == "\n"]
        self._now = [now for now, _ in kept]
        self._before = [before for _, before in kept]

    def at(self, offset: int) -> int:
        """The line, from 0."""
        place = bisect_right(self._now, offset) - 1
        return bisect_left(self._breaks, self._before[place] + offset - self._now[place])


def _stripped(text: str) -> tuple[str, _Lines]:
    parts: list[str] = []
    kept = [(0, 0)]
    length = 0
    for each in _tokens(text, dollars=False):
        if each.kind != "comment":
            kept.append((length, each.start))
            parts.append(each.text)
            length += len(each.text)
    return "".join(parts), _Lines(text, kept)


def _tokens(text: str, *, dollars: bool) -> Iterator[_Token]:
    pattern, position = (_WITH_DOLLARS if dollars else _PLAIN), 0
    while found := pattern.match(text, position):
        kind, end = found.lastgroup or "other", found.end()
        if kind == "dollar":
            closing = text.find(found.group(), end)
            kind, end = "quoted", len(text) if closing < 0 else closing + len(found.group())
        yield _Token(kind, text[position:end], position)
        position = end


def _piece(tokens: Sequence[_Token], lines: _Lines) -> Iterator[Piece]:
    sql = "".join(each.text for each in tokens)
    if not sql.strip() or all(each.kind in ("space", "comment") for each in tokens):
        return
    first = next(each for each in tokens if each.kind != "space")
    yield Piece(sql.strip(), lines.at(first.start))


def _cuts(tokens: Sequence[_Token], delimiter: str | None) -> Iterator[tuple[int, int]]:
    """Where statements end: the first token of a delimiter, and the token after it."""
    if delimiter is None:
        yield from _usual_cuts(tokens)
    elif len(delimiter) == 1 and delimiter != "/":
        yield from (
            (at, at + 1) for at, each in enumerate(tokens) if each.kind == "other" and each.text == delimiter
        )
    else:
        yield from _long_cuts(tokens, delimiter)


def _usual_cuts(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    depth = 0
    for at, each in enumerate(tokens):
        word = each.text.lower() if each.kind == "word" else ""
        if word == "begin" and _following(tokens, at) not in _NOT_A_BLOCK:
            depth += 1
        elif word == "end" and depth and _following(tokens, at) not in ("transaction", "tran"):
            depth -= 1
        if (each.text == ";" and each.kind == "other" and not depth) or (
            (word == "go" or each.text == "/") and _alone_on_line(tokens, at)
        ):
            yield at, at + 1


def _following(tokens: Sequence[_Token], at: int) -> str:
    return next((each.text.lower() for each in tokens[at + 1 :] if each.kind not in ("space", "comment")), "")


def _alone_on_line(tokens: Sequence[_Token], at: int) -> bool:
    before = at == 0 or (tokens[at - 1].kind == "space" and "\n" in tokens[at - 1].text)
    after = at + 1 == len(tokens) or (tokens[at + 1].kind == "space" and "\n" in tokens[at + 1].text)
    return before and after


def _long_cuts(tokens: Sequence[_Token], delimiter: str) -> Iterator[tuple[int, int]]:
    """A longer delimiter: as text anywhere outside quotes and comments, else as a regular expression."""
    pattern = _pattern(delimiter)
    text = "".join(_masked(each) for each in tokens)
    starts = {each.start: at for at, each in enumerate(tokens)}
    for found in pattern.finditer(text):
        if found.end() == found.start():
            continue
        first = _token_at(tokens, starts, found.start())
        last = _token_at(tokens, starts, found.end())
        yield first, last


def _pattern(delimiter: str) -> re.Pattern[str]:
    if delimiter == "/":
        return re.compile(r"/[ \t]*(?=\n|\Z)")
    if re.fullmatch(r"[\w@$#;!%&~^/ ]+", delimiter):
        return re.compile(re.escape(delimiter), re.IGNORECASE)
    try:
        return re.compile(delimiter, re.IGNORECASE | re.MULTILINE)
    except re.error:
        return re.compile(re.escape(delimiter), re.IGNORECASE)


def _masked(token: _Token) -> str:
    """A token as delimiters are looked for in it: not inside quotes and comments."""
    return "\0" * len(token.text) if token.kind in ("quoted", "comment") else token.text


def _token_at(tokens: Sequence[_Token], starts: dict[int, int], offset: int) -> int:
    """The token that begins at or after an offset."""
    while offset not in starts and offset < tokens[-1].start + len(tokens[-1].text):
        offset += 1
    return starts.get(offset, len(tokens))

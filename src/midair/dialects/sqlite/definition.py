"""A table's own CREATE TABLE, taken apart at its commas: what is not to change stays as it was written.

SQLite keeps the text and offers no parser for it; its ALTER TABLE lacks most changes, and the way its manual gives
(lang_altertable.html, "Making Other Kinds Of Table Schema Changes") is to write the definition anew.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\w+|\s+|.""", re.DOTALL
)
_OF_THE_TABLE = {"constraint", "primary", "unique", "check", "foreign"}
_AFTER_THE_TYPE = _OF_THE_TABLE | {"not", "null", "default", "collate", "references", "generated", "as"}
"""The words a column's constraints begin with."""


@dataclass(frozen=True, slots=True)
class Definition:
    """`items` are the columns and then the table's constraints, each as it is written; `tail` is what follows them."""

    head: str
    items: tuple[str, ...]
    tail: str

    def text(self) -> str:
        """The statement."""
        return f"{self.head}({', '.join(self.items)}){self.tail}"

    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(_unquoted(_words(each)[0]) for each in self.items if _is_column(each))

    def column(self, name: str) -> str | None:
        """A column as it is written; `None` where there is none."""
        return next(
            (each for each in self.items if _is_column(each) and _names(each, name)),
            None,
        )

    def with_column(self, written: str) -> "Definition":
        """One more column, after the last one."""
        count = len(self.columns())
        return replace(self, items=(*self.items[:count], written, *self.items[count:]))

    def with_constraint(self, written: str) -> "Definition":
        """One more constraint of the table."""
        return replace(self, items=(*self.items, written))

    def changed(self, name: str, change: Callable[[str], str]) -> "Definition":
        """One column written otherwise."""
        items = tuple(
            change(each) if _is_column(each) and _names(each, name) else each for each in self.items
        )
        return replace(self, items=items)

    def primary_key(self) -> str | None:
        """The table's PRIMARY KEY constraint, where it is not one column's own."""
        for each in self.items:
            words = [word.lower() for word in _words(each)]
            if not _is_column(each) and "primary" in words[:3]:
                return each
        return None

    def without(self, item: str) -> "Definition":
        """All but one item."""
        return replace(self, items=tuple(each for each in self.items if each is not item))


def definition_of(sql: str) -> Definition:
    """The parts of a CREATE TABLE, as sqlite_master keeps it."""
    head, items, tail, depth = "", [""], "", 0
    for each in _TOKEN.findall(sql):
        token = " " if each.startswith(("--", "/*")) else each
        closes = token == ")" and depth == 1
        depth += (token == "(") - (token == ")")
        if depth == 0 and not closes:
            head, tail = (head + token, tail) if items == [""] else (head, tail + token)
        elif (token == "(" and depth == 1) or closes:
            continue
        elif token == "," and depth == 1:
            items.append("")
        else:
            items[-1] += token
    return Definition(head, tuple(each.strip() for each in items), tail)


def with_default(column: str, literal: str) -> str:
    """A column with a default, behind its type; one it has already goes."""
    bare = without_default(column)
    at = _end_of_type(bare)
    return f"{bare[:at].rstrip()} DEFAULT {literal} {bare[at:].lstrip()}".rstrip()


def with_key(column: str, clause: str) -> str:
    """A column with its own key, behind its type; a key it has already goes."""
    bare = re.sub(
        r"(?i)\s*(constraint\s+\S+\s+)?primary\s+key(\s+(asc|desc))?(\s+autoincrement)?", "", column
    )
    at = _end_of_type(bare)
    return f"{bare[:at].rstrip()} {clause} {bare[at:].lstrip()}".rstrip()


def without_default(column: str) -> str:
    """A column without its default: `DEFAULT` and the literal, signed number or expression in parentheses behind it."""
    tokens = _TOKEN.findall(column)
    at = next(
        (place for place, each in enumerate(tokens) if _top(tokens, place) and each.lower() == "default"),
        None,
    )
    if at is None:
        return column
    end, depth = at + 1, 0
    while end < len(tokens):
        depth += (tokens[end] == "(") - (tokens[end] == ")")
        end += 1
        if depth == 0 and tokens[end - 1].strip() not in ("", "+", "-"):
            break
    return ("".join(tokens[:at]).rstrip() + " " + "".join(tokens[end:]).lstrip()).strip()


def canonical(text: str) -> str:
    """The same words however they are spaced, quoted and capitalised: two definitions that mean the same read the same."""
    words = (
        each for each in _TOKEN.findall(text) if not each.isspace() and not each.startswith(("--", "/*"))
    )
    return " ".join(each if each.startswith("'") else _unquoted(each).lower() for each in words)


def clauses(item: str, word: str) -> tuple[str, ...]:
    """What stands behind each such word of a column or constraint: a word, or all that is in parentheses."""
    tokens = [each for each in _TOKEN.findall(item) if not each.isspace()]
    found: list[str] = []
    for place, each in enumerate(tokens[:-1]):
        if each.lower() != word or not _top(tokens, place):
            continue
        end = place + 2
        while tokens[place + 1] == "(" and not _top(tokens, end) and end < len(tokens):
            end += 1
        found.append(canonical(" ".join(tokens[place + 1 : end])))
    return tuple(found)


def _top(tokens: list[str], place: int) -> bool:
    return tokens[:place].count("(") == tokens[:place].count(")")


def _end_of_type(column: str) -> int:
    """Where the type ends and the column's constraints begin."""
    tokens = _TOKEN.findall(column)
    at = len(tokens[0])
    for place, token in enumerate(tokens[1:], 1):
        if _top(tokens, place) and token.lower() in _AFTER_THE_TYPE:
            return at
        at += len(token)
    return len(column)


def _words(item: str) -> list[str]:
    return [each for each in _TOKEN.findall(item) if not each.isspace()]


def _is_column(item: str) -> bool:
    words = _words(item)
    return bool(words) and words[0].lower() not in _OF_THE_TABLE


def _names(column: str, name: str) -> bool:
    return _unquoted(_words(column)[0]).lower() == name.lower()


def _unquoted(word: str) -> str:
    if word[:1] in "\"`'" and word[:1] == word[-1:]:
        return word[1:-1].replace(word[0] * 2, word[0])
    return word[1:-1] if word.startswith("[") else word

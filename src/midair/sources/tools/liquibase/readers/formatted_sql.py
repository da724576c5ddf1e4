"""Reads formatted SQL: directives in `--` comments become the same nodes the other formats give (liquibase.md §3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from midair.errors import BadMigration
from midair.model.statement import Span
from midair.sources.tools.liquibase.nodes import Node

_I = re.IGNORECASE
_HEADER = re.compile(r"\s*--\s*liquibase\s+formatted.*", _I)
_LOGICAL = re.compile(r".*?logicalFilePath:\s*(\"[^\"]*\"|'[^']*'|\S+)", _I)
_CHANGESET = re.compile(r"^\s*--\s*changeset\s+(\"[^\"]+\"|[^:\"]+?)\s*:\s*(\"[^\"]+\"|\S+)(.*)$", _I)
_ANY_CHANGESET = re.compile(r"^\s*--\s*changeset\b", _I)
_PROPERTY = re.compile(r"^\s*--\s*property\s+(.*)$", _I)
_ROLLBACK = re.compile(r"^\s*--\s*rollback\b\s?(.*)$", _I)
_ROLLBACK_BLOCK = re.compile(r"^\s*/\*\s*liquibase\s+rollback\s*$", _I)
_PRECONDITIONS = re.compile(r"^\s*--\s*preconditions(.*)$", _I)
_PRECONDITION = re.compile(r"^\s*--\s*precondition-(\S+)\s+(.*)$", _I)
_COMMENT = re.compile(r"^--\s?comment:?\s?(.*)$", _I)
_VALID = re.compile(r"^--\s?validCheckSum:?\s+(.*)$", _I)
_IGNORE = re.compile(r"^--\s?ignoreLines:(\w+)\s*$", _I)
_MISSPELT = re.compile(
    r"^\s*(-\s*(changeset|rollback|property|preconditions?|comment|ignoreLines|validCheckSum)\b(?!.*;)"
    r"|--\s*(changesets|rollbacks|comments|propertys|validCheckSums)\b)",
    _I,
)
_EXPECTED = re.compile(r"^(?:expectedResult:)?\s*(\"[^\"]*\"|'[^']*'|\S+)\s+(.*)$", _I)
_ATTRIBUTES = [
    "stripComments",
    "splitStatements",
    "endDelimiter",
    "rollbackSplitStatements",
    "rollbackEndDelimiter",
    "runOnChange",
    "runAlways",
    "context",
    "contextFilter",
    "labels",
    "runInTransaction",
    "dbms",
    "failOnError",
    "logicalFilePath",
    "runWith",
    "ignore",
    "objectQuotingStrategy",
    "runOrder",
    "onValidationFail",
]
_LINE = re.compile(r"\r\n|\r|\n")


def is_formatted(text: str) -> bool:
    """Whether the first line that is not blank says `--liquibase formatted sql`."""
    first = next((line for line in _LINE.split(text.removeprefix("\ufeff")) if line.strip()), "")
    return _HEADER.match(first) is not None


_DIRECTIVES = (
    _ANY_CHANGESET, _PROPERTY, _ROLLBACK, _ROLLBACK_BLOCK, _PRECONDITIONS, _PRECONDITION, _COMMENT, _VALID, _IGNORE,
    _MISSPELT,
)  # fmt: skip


def is_directive(line: str) -> bool:
    """Whether a line of SQL would be taken for one of formatted SQL's own."""
    return any(each.match(line) for each in _DIRECTIVES)


def plain_sql(text: str, path: str) -> Node:
    """A plain SQL file: one changeset, `raw` by `includeAll`, that holds it whole."""
    span = Span(path, 1, 1, len(_LINE.split(text)))
    change = _node("sql", span, splitStatements="false", stripComments="false", sql=text)
    changeset = Node(
        "changeSet", None, (_leaf("id", "raw", span), _leaf("author", "includeAll", span), change), span
    )
    return Node("databaseChangeLog", None, (changeset,), span)


def read_formatted_sql(text: str, path: str) -> Node:
    """The file as a changelog's root node.

    Raises:
        BadMigration: a directive is misspelt or incomplete; the message names the line.
    """
    lines = _LINE.split(text.removeprefix("\ufeff"))
    reading = _Reading(path)
    for number, line in enumerate(lines, 1):
        reading.line(line, number)
    return reading.root(len(lines))


@dataclass(slots=True)
class _Draft:
    """A changeset while its lines come in."""

    author: str
    id: str
    attributes: dict[str, str]
    line: int
    sql: list[str] = field(default_factory=list[str])
    sql_line: int = 0
    rollback: list[str] = field(default_factory=list[str])
    rollback_line: int = 0
    has_rollback: bool = False
    comment: str | None = None
    valid: list[str] = field(default_factory=list[str])
    preconditions: list[Node] | None = None


class _Reading:
    def __init__(self, path: str) -> None:
        self._path = path
        self._nodes: list[Node] = []
        self._attributes: list[Node] = []
        self._draft: _Draft | None = None
        self._skip = 0
        self._skip_to_end = False
        self._block: list[str] | None = None
        self._seen_header = False

    def line(self, line: str, number: int) -> None:
        if not self._seen_header:
            if line.strip():
                self._seen_header = True
                if found := _LOGICAL.match(line):
                    self._attributes.append(
                        _leaf("logicalFilePath", _bare(found.group(1)), Span(self._path, number))
                    )
            return
        if self._in_block(line) or self._ignored(line):
            return
        if found := _PROPERTY.match(line):
            self._nodes.append(self._property(found.group(1), number))
        elif _ANY_CHANGESET.match(line):
            self._begin(line, number)
        elif _MISSPELT.match(line):
            raise BadMigration(
                f"{self._path}:{number} Unexpected formatting: {line.strip()!r} looks like a misspelt directive",
                hint="directives begin with two dashes: --changeset, --rollback, --comment, --ignoreLines:",
            )
        elif self._draft is not None:
            self._content(self._draft, line, number)

    def root(self, last: int) -> Node:
        if self._block is not None:
            raise BadMigration(
                f"{self._path}:{last} a rollback comment is never closed", hint="end it with */"
            )
        self._finish(last, last=True)
        return Node(
            "databaseChangeLog", None, (*self._attributes, *self._nodes), Span(self._path, 1, 1, last)
        )

    def _in_block(self, line: str) -> bool:
        """Lines between `/* liquibase rollback` and `*/` are joined without newlines."""
        if self._block is not None and self._draft is not None:
            if line.rstrip().endswith("*/"):
                self._block.append(line.rstrip()[:-2])
                self._draft.rollback.append("".join(self._block))
                self._block = None
            else:
                self._block.append(line)
            return True
        if self._draft is not None and _ROLLBACK_BLOCK.match(line):
            self._block, self._draft.has_rollback = [], True
            return True
        return False

    def _ignored(self, line: str) -> bool:
        if self._skip_to_end or self._skip:
            found = _IGNORE.match(line)
            if self._skip_to_end and found and found.group(1).lower() == "end":
                self._skip_to_end = False
            self._skip = max(self._skip - 1, 0)
            return True
        if found := _IGNORE.match(line):
            word = found.group(1).lower()
            if word == "start":
                self._skip_to_end = True
            elif word.isdecimal():
                self._skip = int(word)
            return True
        return False

    def _begin(self, line: str, number: int) -> None:
        self._finish(number - 1, last=False)
        found = _CHANGESET.match(line)
        if found is None:
            raise BadMigration(
                f"{self._path}:{number} Unexpected formatting: {line.strip()!r} names no author:id",
                hint="write --changeset author:id",
            )
        rest = found.group(3)
        attributes = {name: value for name in _ATTRIBUTES if (value := _attribute(rest, name)) is not None}
        self._draft = _Draft(_bare(found.group(1)).strip(), _bare(found.group(2)), attributes, number)

    def _content(self, draft: _Draft, line: str, number: int) -> None:
        if found := _ROLLBACK.match(line):
            draft.has_rollback = True
            draft.rollback_line = draft.rollback_line or number
            draft.rollback.append(found.group(1))
        elif found := _PRECONDITIONS.match(line):
            span = Span(self._path, number)
            names = ("onFail", "onError", "onUpdateSQL", "onSqlOutput", "onFailMessage", "onErrorMessage")
            draft.preconditions = [
                _leaf(name, value, span)
                for name in names
                if (value := _attribute(found.group(1), name)) is not None
            ]
        elif found := _PRECONDITION.match(line):
            draft.preconditions = [
                *(draft.preconditions or ()),
                self._precondition(found.group(1), found.group(2), number),
            ]
        elif found := _COMMENT.match(line):
            draft.comment = found.group(1).strip()
        elif found := _VALID.match(line):
            draft.valid.append(found.group(1).strip())
        else:
            if not draft.sql_line and line.strip():
                draft.sql_line = number
            draft.sql.append(line)

    def _property(self, text: str, number: int) -> Node:
        span = Span(self._path, number)
        names = ("name", "value", "context", "contextFilter", "labels", "dbms", "global")
        inner = [_leaf(name, value, span) for name in names if (value := _attribute(text, name)) is not None]
        return Node("property", None, tuple(inner), span)

    def _precondition(self, kind: str, rest: str, number: int) -> Node:
        span = Span(self._path, number)
        if kind.lower() == "sql-check":
            found = _EXPECTED.match(rest)
            if found is None:
                raise BadMigration(
                    f"{self._path}:{number} a precondition needs an expected result and a query",
                    hint="write --precondition-sql-check expectedResult:0 SELECT …",
                )
            return _node("sqlCheck", span, expectedResult=_bare(found.group(1)), sql=found.group(2))
        schema = _attribute(rest, "schema")
        for word, name in (("table-exists", "table"), ("view-exists", "view")):
            if kind.lower() == word:
                fields = {f"{name}Name": _attribute(rest, name) or "", "schemaName": schema}
                return _node(
                    f"{name}Exists", span, **{key: text for key, text in fields.items() if text is not None}
                )
        raise BadMigration(
            f"{self._path}:{number} The '{kind}' precondition type is not supported.",
            hint="sql-check, table-exists and view-exists are",
        )

    def _finish(self, end: int, *, last: bool) -> None:
        draft, self._draft = self._draft, None
        if draft is None:
            return
        sql = "\n".join(draft.sql).strip("".join(map(chr, range(0x21))))
        span = Span(self._path, draft.line, 1, end)
        if not sql:
            if last:
                return
            raise BadMigration(
                f"{span} {draft.author}:{draft.id} has no SQL", hint="write some, or remove it"
            )
        attributes = draft.attributes
        slash = last and "endDelimiter" not in attributes and sql.endswith("\n/")
        parts = {
            "splitStatements": _truth(attributes.get("splitStatements", "true")),
            "stripComments": _truth(attributes.get("stripComments", "true")),
            "endDelimiter": "\n/$" if slash else attributes.get("endDelimiter"),
        }
        change = _node("sql", Span(self._path, draft.sql_line or draft.line), sql=sql, **_given(parts))
        inner = [
            _leaf("id", draft.id, span),
            _leaf("author", draft.author, span),
            _leaf("formatted", "true", span),
        ]
        inner += [
            _leaf(name, text if name in _TEXTUAL else _truth(text), span)
            for name, text in attributes.items()
            if name not in _OF_THE_CHANGE or name == "rollbackEndDelimiter"
        ]
        inner += [_leaf("comment", draft.comment, span)] if draft.comment is not None else []
        inner += [_leaf("validCheckSum", text, span) for text in draft.valid]
        if draft.preconditions is not None:
            inner.append(Node("preConditions", None, tuple(draft.preconditions), span))
        inner += self._rollback(draft, parts)
        self._nodes.append(Node("changeSet", None, (*inner, change), span))

    def _rollback(self, draft: _Draft, parts: dict[str, str | None]) -> Iterator[Node]:
        if not draft.has_rollback:
            return
        span = Span(self._path, draft.rollback_line or draft.line)
        text = "\n".join(draft.rollback).strip()
        if not text or text.lower().startswith(("not required", "empty")):
            yield Node("rollback", None, (), span)
        elif (found := _attribute(text, "changesetId")) is not None:
            names = {"changeSetId": found, "changeSetAuthor": _attribute(text, "changesetAuthor"),
                     "changeSetPath": _attribute(text, "changesetPath")}  # fmt: skip
            yield _node("rollback", span, **_given(names))
        else:
            split = draft.attributes.get("rollbackSplitStatements")
            delimiter = draft.attributes.get("rollbackEndDelimiter")
            inner = {
                "splitStatements": _truth(split) if split is not None else parts["splitStatements"],
                "stripComments": parts["stripComments"],
                "endDelimiter": delimiter if delimiter is not None else None,
            }
            yield Node("rollback", None, (_node("sql", span, sql=text, **_given(inner)),), span)


_OF_THE_CHANGE = {
    "stripComments", "splitStatements", "endDelimiter", "rollbackSplitStatements", "rollbackEndDelimiter",
}  # fmt: skip
_TEXTUAL = {
    "context", "contextFilter", "labels", "dbms", "logicalFilePath", "runWith", "objectQuotingStrategy", "runOrder",
    "onValidationFail", "rollbackEndDelimiter",
}  # fmt: skip


def _given(parts: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in parts.items() if text is not None}


def _truth(text: str) -> str:
    return "true" if text.lower() == "true" else "false"


def _attribute(text: str, name: str) -> str | None:
    """The value after `name:`, anywhere in the text; quotes allow blanks; of several the last wins.

    `splitStatements` is found inside `rollbackSplitStatements` too, as Liquibase finds it.
    """
    border = r"(?<![A-Za-z])" if name not in ("splitStatements",) else ""
    pattern = rf"{border}{name}:(\"[^\"]*\"|'[^']*'|\S*)"
    every = re.findall(pattern, text, _I)
    return _bare(every[-1]) if every else None


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _leaf(name: str, text: str, span: Span) -> Node:
    return Node(name, text, (), span)


def _node(name: str, span: Span, /, **texts: str) -> Node:
    return Node(name, None, tuple(_leaf(key, text, span) for key, text in texts.items()), span)

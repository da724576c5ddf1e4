"""What the worker told about one revision, as statements in their transactions, and whether they can be replayed.

A revision is closed when nothing it got back from the server could differ on the target; else it
is live. The rules are those of record-and-replay.md §7.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from midair.dialects.dialect import Dialect
from midair.errors import BadMigration
from midair.model.address import Product
from midair.model.migration import Block, Migration, Script
from midair.model.statement import Span, Statement
from midair.sources.tools.alembic.program import Answer, shown

_INTEGERS = {20, 21, 23, 26}
_NOTHING = 2278
"""PostgreSQL's type numbers: bigint, smallint, integer, oid; void."""
_SCHEMA_ERRORS = {"42P01", "42703", "42704", "42883", "42P07", "42701", "42710", "42P06", "42723", "3F000"}
"""Undefined and duplicate objects: the scratch database has the target's schema, so they are the same there."""
_SQLITE_SCHEMA_ERRORS = (
    "no such table",
    "no such column",
    "no such index",
    "already exists",
    "duplicate column",
)
_GENERATED = re.compile(r"\b(?:19|20)\d{8}\b")
"""What the worker's far sequence values look like (`_CANARIES`)."""
_QUESTION = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|(\?)", re.DOTALL
)  # SQLite's own lexical rules; it offers no tokenizer


@dataclass(slots=True)
class Recording:
    """One revision while it is listened to. `sent` holds the statement and its transaction's number, None for none."""

    migration: Migration
    root: Path
    dialect: Dialect
    sent: list[tuple[Statement, int | None]] = field(default_factory=list[tuple[Statement, int | None]])
    live: str | None = None
    whole: str | None = None
    """Why the program must stay in the transactions it makes itself."""
    savepoints: dict[str, int] = field(default_factory=dict[str, int])
    generates: bool = False
    emptied: dict[str, int] = field(default_factory=dict[str, int])

    def hear(self, answer: Answer) -> None:
        """Takes one line of the worker."""
        match answer["kind"]:
            case "statement":
                self._statement(answer)
            case "refused":
                self._refused(answer)
            case "raw":
                self._because("sends SQL past SQLAlchemy", answer, whole=True)
            case "rollback":
                if any(transaction == answer["transaction"] for _, transaction in self.sent):
                    self._because("rolls back what it did", None, whole=True)
            case _:
                pass

    def script(self) -> Script:
        """The revision as blocks; with the reason when it has to run itself."""
        groups = groupby(self.sent, key=lambda pair: pair[1])
        blocks = tuple(
            Block(tuple(statement for statement, _ in group), atomic=transaction is not None)
            for transaction, group in groups
        )
        return Script(blocks, self.live, self.whole)

    def _statement(self, answer: Answer) -> None:
        texts = [whole_text(each, self.dialect.product) for each in answer["texts"]]
        first = texts[0] or str(answer["texts"][0]["sql"])
        if self._savepoint(first):
            return
        if answer["elsewhere"]:
            self._because("uses a second connection", answer, whole=True)
        if _verb(first) in ("COMMIT", "END", "ROLLBACK", "ABORT"):
            self._because("ends the transaction itself", answer, whole=True)
        if None in texts:
            self._because(
                f"sends {answer['texts'][0].get('unwritable', 'values')} that midair cannot write as SQL",
                answer,
                whole=True,
            )
        if answer["returns"] is not None and self._only_looked(first, answer):
            return
        self._watch(first, texts, answer)
        span = self._span(answer["place"])
        for text in texts:
            for statement in cut_text(text or first, span, self.dialect):
                self.sent.append((statement, self._transaction(statement, answer)))

    def _savepoint(self, sql: str) -> bool:
        """Leaves savepoints out, and with one that was rolled back everything since it: it left nothing behind."""
        words = sql.split()
        match [word.upper() for word in words[:2]]:
            case ["SAVEPOINT", _]:
                self.stays_whole("uses savepoints")
                self.savepoints[words[-1]] = len(self.sent)
            case ["ROLLBACK", "TO"] if words[-1] in self.savepoints:
                del self.sent[self.savepoints[words[-1]] :]
            case ["RELEASE", _] if words[-1] in self.savepoints:
                pass
            case ["BEGIN", *_]:
                pass  # an engine's own listener sends it (SQLite); SQLAlchemy's events tell the transactions
            case _:
                return False
        return True

    def _only_looked(self, sql: str, answer: Answer) -> bool:
        """Whether the statement is a query and nothing else; judges what its rows may have told the program."""
        read = self.dialect.reads(sql)
        if read is not None:
            if read:
                self._because(f"reads {', '.join(read)}", answer)
            return True
        verb = _verb(sql)
        if verb not in ("EXPLAIN", "SHOW", "PRAGMA"):
            self.stays_whole(f"goes on with what {verb} gave back")
        harmless = _INTEGERS if verb == "INSERT" else {*_INTEGERS, _NOTHING}
        if verb in ("INSERT", "SELECT") and all(each in harmless for each in answer["returns"]):
            self.generates = True  # an id may flow on; it is far and distinct, so it will be seen
        elif verb not in ("EXPLAIN", "SHOW", "PRAGMA"):
            self._because(f"gets rows back from {verb}", answer)
        return False

    def _watch(self, sql: str, texts: Sequence[str | None], answer: Answer) -> None:
        if self.generates and any(_GENERATED.search(text or "") for text in texts):
            self._because("uses an id that the server generated", answer)
        if _verb(sql) in ("UPDATE", "DELETE"):
            # The same text again after it found nothing: a loop that would have gone on where there are rows.
            if self.emptied.get(sql) is not None and answer["count"] == 0:
                self._because("repeats a statement until no row is left", answer, whole=True)
            self.emptied[sql] = int(answer["count"])

    def _refused(self, answer: Answer) -> None:
        known = (
            answer["sqlstate"] in _SCHEMA_ERRORS
            if self.dialect.product is Product.POSTGRESQL
            else any(words in str(answer["message"]) for words in _SQLITE_SCHEMA_ERRORS)
        )
        if not known:
            self._because("goes on after an error", answer, whole=True)

    def _transaction(self, statement: Statement, answer: Answer) -> int | None:
        if (
            self.dialect.product is Product.SQLITE
            and not answer["open"]
            and self.dialect.stands_alone(statement)
        ):
            return None
        return answer["transaction"]

    def stays_whole(self, reason: str) -> None:
        """The program may not be cut, nor begun again in the middle."""
        self.whole = self.whole or reason

    def _because(self, reason: str, answer: Answer | None, *, whole: bool = False) -> None:
        told = f"{reason} at {self._span(answer['place'] if answer else None)}"
        self.live = self.live or told
        if whole:
            self.stays_whole(told)

    def _span(self, place: Any) -> Span:
        if not place:
            return self.migration.span
        path, _, line = shown(place, self.root).rpartition(":")
        return Span(path, int(line))


def _verb(sql: str) -> str:
    words = sql.split(None, 1)
    return words[0].upper() if words else ""


def cut_text(sql: str, span: Span, dialect: Dialect) -> Iterator[Statement]:
    """One text may hold several statements; all come from the same line of Python."""
    try:
        pieces = [each.sql for each in dialect.split(sql, span.path, span.line)]
    except BadMigration:
        return iter(
            (Statement(sql, span),)
        )  # words of another server version; the scratch server took it as it is
    if len(pieces) == 1 and dialect.product is Product.SQLITE:
        pieces = [sql]  # SQLite keeps the text of a CREATE, blanks at its end included
    return (Statement(piece, span) for piece in pieces)


def whole_text(text: Mapping[str, Any], product: Product) -> str | None:
    """The SQL with its values in place, or `None` when one of them has no SQL form."""
    sql = str(text["sql"])
    if "unwritable" in text:
        return None
    if "literals" not in text:
        return sql
    literals = [str(each) for each in text["literals"]]
    if product is Product.SQLITE:
        left = iter(literals)
        return _QUESTION.sub(lambda found: next(left) if found[1] else found[0], sql)
    from midair.dialects.postgresql.parse import placed

    return placed(sql, literals)

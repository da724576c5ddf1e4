"""A rule's page as data: its sections, the SQL in them, and what each line promises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.statement import Span, Statement

_BLOCK = re.compile(r"^## (?P<section>[^\n]+)\n+```sql\n(?P<sql>.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMISE = re.compile(r"--.*?\bfinds (?P<codes>MA\d+(?:,\s*MA\d+)*)")
_REFUSED = re.compile(r"--.*?\brefused (?P<code>[0-9A-Z]{5})")
NEXT = "-- next migration"
TOGETHER = "-- one transaction"
APART = "-- outside a transaction"
_SERVER = re.compile(r"^-- server (?P<major>\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """One migration of a block. `promised` maps a line to the codes found on the statement that ends there."""

    path: str
    statements: tuple[Statement, ...]
    atomic: bool
    promised: dict[int, frozenset[str]]
    refused: dict[int, str]
    server: int = 18

    @property
    def script(self) -> Script:
        return Script((Block(self.statements, self.atomic),))

    @property
    def migration(self) -> Migration:
        return Migration(RevisionId(self.path), "", Span(self.path, 1))


def blocks_of(page: str) -> Iterator[tuple[str, tuple[Example, ...]]]:
    """Each section with SQL in it, and the migrations of its block."""
    for found in _BLOCK.finditer(page):
        parts = re.split(rf"^{NEXT}$", found["sql"], flags=re.MULTILINE)
        section = found["section"].strip()
        yield section, tuple(_example(f"{section}-{number}.sql", part) for number, part in enumerate(parts))


def _example(path: str, text: str) -> Example:
    statements = split(text, path, 1)
    promised: dict[int, frozenset[str]] = {}
    refused: dict[int, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if codes := _PROMISE.search(line):
            promised[number] = frozenset(each.strip() for each in codes["codes"].split(","))
        if code := _REFUSED.search(line):
            refused[number] = code["code"]
    atomic = TOGETHER in text or (APART not in text and not any(stands_alone(each) for each in statements))
    server = _SERVER.search(text)
    return Example(path, statements, atomic, promised, refused, int(server["major"]) if server else 18)

"""A rule's page as data: its sections, the SQL in them, and what each line promises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from midair.analysis.analyse import Candidate, Options, analyse, rules
from midair.analysis.rule import Rule
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.finding import Finding
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.schema import Schema
from midair.model.statement import Span, Statement

_BLOCK = re.compile(r"^## (?P<section>[^\n]+)\n+```sql\n(?P<sql>.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMISE = re.compile(r"--.*?\bfinds (?P<codes>MA\d+(?:,\s*MA\d+)*)")
_REFUSED = re.compile(r"--.*?\brefused (?P<code>[0-9A-Z]{5})")
NEXT = "-- next migration"
TOGETHER = "-- one transaction"
APART = "-- outside a transaction"
_CATALOG = re.compile(
    r"^-- catalog (?P<table>\S+) (?P<rows>\d+) rows (?P<bytes>\d+) bytes(?: (?P<traffic>[\d.]+) a second)?$",
    re.MULTILINE,
)
POOLED = "-- through a pooler"
RULES = [pytest.param(each, id=each.name) for each in rules() if "```sql" in each.page]
"""Every rule whose page has examples."""
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
    catalog: tuple[tuple[str, int, int, float | None], ...] = ()
    """Rows, bytes and scans a second that a server tells of these tables once this has run."""
    pooled: bool = False

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
    catalog = tuple(
        (
            each["table"],
            int(each["rows"]),
            int(each["bytes"]),
            float(each["traffic"]) if each["traffic"] else None,
        )
        for each in _CATALOG.finditer(text)
    )
    major = int(server["major"]) if server else 18
    return Example(path, statements, atomic, promised, refused, major, catalog, POOLED in text)


def findings_of(
    given: tuple[Example, ...], examples: tuple[Example, ...], rule: Rule, tool: str = ""
) -> tuple[Finding, ...]:
    """What `check` finds in the examples once the given ones have run; on a server's catalog where the page tells one."""
    candidates = [Candidate(each.migration, each.script) for each in examples]
    schema, catalog = Schema(complete=True), [line for each in given for line in each.catalog]
    if catalog:
        for change in (each for one in given for sql in one.statements for each in changes_of(sql.sql)):
            schema = schema.after(change)
        for name, rows, size, traffic in catalog:
            table = replace(schema.tables[name], rows=rows, bytes=size, traffic=traffic, empty=False)
            schema = schema.put(table)
    else:
        candidates = [*(Candidate(each.migration, each.script, pending=False) for each in given), *candidates]
    options = Options(select=(rule.code,), tool=tool, pooled=any(each.pooled for each in given))
    return analyse(candidates, schema, examples[0].server if examples else 18, options)

"""The measured statements, and what `check` calls each: with the tables' sizes, from files alone, and with nothing known."""

import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from midair.analysis.analyse import Candidate, analyse
from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.finding import Finding, Risk
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.schema import Schema
from midair.model.statement import Span

sys.path.append(str(Path(__file__).resolve().parent.parent / "dialects"))

from effects_rows import Row, rows, schema_for

_BLOCKING = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
_EMPTY = "empty_t"
"""The one table of the base schema that holds no rows."""

LONG_BUT_NOT_IN_THE_ROW = {
    "alter-index-set-tablespace": "the index's file is copied under ACCESS EXCLUSIVE; a row counts tables' files only",
    "alter-index-all-in-tablespace": "the same for every index",
}
NOT_LONG = {
    "refresh-materialized-view-concurrently": "EXCLUSIVE stops nobody: readers go on and a view has no writers",
    "validate-check-then-set-not-null-same-transaction": "the scan runs under SHARE UPDATE EXCLUSIVE; the strong lock comes after it",
    "reindex-partitioned-table-concurrently": "SHARE is the catch-up of one partition while another one's index is built",
    "vacuum-truncating-tail": "how long depends on the empty pages at the end, and it gives up for whoever waits",
}


class Known(StrEnum):
    """What `check` may know beside the statement."""

    CATALOG = "catalog"
    FILES = "files"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Called:
    """A row and what was found; `long` is whether it was measured to block reads or writes while it works through rows."""

    row: Row
    long: bool
    findings: tuple[Finding, ...]

    @property
    def high(self) -> tuple[str, ...]:
        return tuple(sorted({each.code for each in self.findings if each.risk is Risk.HIGH}))

    @property
    def high_for_blocking(self) -> tuple[str, ...]:
        """Codes of the family about locks; the others are about lost rows, broken applications, rows changed."""
        return tuple(code for code in self.high if code.startswith("MA1"))


def performed() -> tuple[Row, ...]:
    """The rows that the server did not refuse."""
    return tuple(each for each in rows() if "error" not in each.measured)


def blocks_long(row: Row) -> bool:
    """Measured: a permanent table locked against writers, and rows read through, copied or indexed meanwhile."""
    if row.id in LONG_BUT_NOT_IN_THE_ROW or row.id in NOT_LONG:
        return row.id in LONG_BUT_NOT_IN_THE_ROW
    schema = schema_for(row)
    used = {name for name, table in schema.tables.items() if table.persistence != "temporary"}
    locked = {name for name, level in row.measured["locks"].items() if level in _BLOCKING} & used
    worked = {*row.measured.get("rewritten", ()), *row.measured.get("scanned", ())} & used
    return bool(locked) and (bool(worked) or bool(row.measured.get("rebuilds")))


def called(row: Row, known: Known) -> Called:
    """What `check` says about the row's statements as one migration."""
    schema = Schema()
    if known is not Known.NOTHING:
        schema = _with_sizes(schema_for(row)) if known is Known.CATALOG else _in_use(schema_for(row))
    statements = tuple(found for text in (*row.session, *row.sql) for found in split(text, "row.sql", 1))
    block = Block(statements, not any(stands_alone(each) for each in statements))
    migration = Migration(RevisionId("1"), "", Span("row.sql", 1))
    version = row.version if known is Known.CATALOG else None
    return Called(row, blocks_long(row), analyse([Candidate(migration, Script((block,)))], schema, version))


def _in_use(schema: Schema) -> Schema:
    return replace(schema, tables={name: replace(each, empty=False) for name, each in schema.tables.items()})


def _with_sizes(schema: Schema) -> Schema:
    """As a production server would tell them: large, but for the empty one."""
    sized = {
        name: replace(each, rows=10_000_000, bytes=2_000_000_000)
        if name != _EMPTY
        else replace(each, rows=0, bytes=0, empty=True)
        for name, each in _in_use(schema).tables.items()
    }
    return replace(schema, tables=sized)

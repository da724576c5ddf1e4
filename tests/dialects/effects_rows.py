"""The measured rows: 631 statements, what each did on PostgreSQL 15.18 and 18.6."""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.effects import transaction_effects
from midair.model.effects import Effects
from midair.model.schema import Schema

_INVALID = re.compile(r"indisvalid=false WHERE indexrelid='(\w+)'")
_ZONE = re.compile(r"timezone='([^']*)'")

# Rows the table cannot agree with, each with its reason.
EXCEPTIONS = {
    "add-column-default-nextval": "the sequence's own weak lock is left out",
    "alter-type-serial-int-to-bigint": "PostgreSQL 18 looks the sequence up with ACCESS SHARE",
    "reindex-database": "15 was measured while other relations were already gone from its list",
    "reindex-partitioned-index": "15 does not lock the partitioned index itself, 18 does",
    "vacuum-truncating-tail": "depends on where the table's last rows are",
    "analyze-database": "which small tables are read through is the sampler's choice",
    "create-role": "depends on which roles the server has",
    "drop-extension-cascade": "what an extension contains is not in the schema",
    "alter-publication-set-table": "what a publication held before is not in the schema",
    "reassign-owned": "who owns what is not in the schema",
    "create-tablespace": "depends on the server's disk",
    "select": "index-only scan: the planner's choice",
    "delete-parent-indexed-child": "no row matched, so no child was looked at",
    "call-procedure-with-commit": "what a procedure does is not known (said in `assumed`)",
    "drop-index-concurrently-on-invalid": "15 skips the last lock for an invalid index",
    "create-index-concurrently-if-not-exists-over-invalid": "15 takes no lock at all",
    "reindex-partitioned-table-concurrently": "partitions are locked one after the other",
    "insert-parent-child-of-locked": "200 rows are read through: the planner's choice",
}


@dataclass(frozen=True)
class Row:
    """One measured row. `version` is 15 or 18."""

    id: str
    version: int
    sql: tuple[str, ...]
    setup: tuple[str, ...]
    session: tuple[str, ...]
    measured: dict[str, Any]
    risk: str

    @property
    def alone(self) -> bool:
        return bool(self.measured.get("alone")) and "error" not in self.measured


@cache
def document() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("ddl_effects.json").read_text())


@cache
def rows() -> tuple[Row, ...]:
    found: list[Row] = []
    for each in document()["rows"]:
        for version in (15, 18):
            measured = each.get("both", each.get(str(version)))
            if measured is not None:
                texts = (tuple(each["sql"]), tuple(each.get("setup", ())), tuple(each.get("session", ())))
                found.append(Row(each["id"], version, *texts, measured, each["risk"]))
    return tuple(found)


@cache
def base() -> Schema:
    return _after(Schema(complete=True), tuple(document()["base"]))


def _after(schema: Schema, statements: tuple[str, ...]) -> Schema:
    for text in statements:
        for change in changes_of(text):
            schema = schema.after(change)
        if marked := _INVALID.search(text):
            table = schema.table_of_index(marked[1])
            assert table is not None
            spoilt = tuple(
                replace(each, valid=False) if each.name == marked[1] else each for each in table.indexes
            )
            schema = schema.put(replace(table, indexes=spoilt))
    return schema


def schema_for(row: Row) -> Schema:
    """The schema the row's statement meets."""
    return _after(base(), row.setup)


def predicted(row: Row) -> Effects:
    """What the table of facts says about the row."""
    zone = "UTC"
    for each in row.session:
        zone = found[1] if (found := _ZONE.search(each)) else zone
    return transaction_effects([changes_of(each) for each in row.sql], schema_for(row), row.version, zone)


def disagreement(row: Row, effects: Effects, measured: dict[str, Any]) -> str | None:
    """What differs, or `None`. Indexes count where the statement is about an index: elsewhere the table's lock covers them."""
    if "error" in measured:
        if measured["error"] in (effects.refused, *effects.may_fail):
            return None
        return f"measured {measured['error']}, predicted {effects.refused} or {set(effects.may_fail)}"
    if effects.refused:
        return f"predicted a refusal ({effects.refused})"
    indexes = set(schema_for(row).index_tables)
    about_indexes = any(re.search(r"(ALTER|DROP) INDEX|REINDEX", each) for each in row.sql)

    def counted(locks: dict[str, str]) -> dict[str, str]:
        return {name: level for name, level in locks.items() if about_indexes or name not in indexes}

    ours, theirs = counted({name: str(level) for name, level in effects.locks}), counted(measured["locks"])
    differences = [f"locks {set(ours.items()) ^ set(theirs.items())}"] if ours != theirs else []
    for word, mine in (("rewritten", effects.rewrites), ("scanned", effects.scans)):
        if set(mine) != set(measured.get(word, ())):
            differences.append(f"{word} {set(mine) ^ set(measured.get(word, ()))}")
    if bool(effects.rebuilds) != bool(measured.get("rebuilds")):
        differences.append("rebuilds")
    if effects.transactional == bool(measured.get("alone")):
        differences.append("transactional")
    return "; ".join(differences) or None

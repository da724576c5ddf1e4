"""Which of the user's relations a query reads: decides whether a recorded program can be replayed (record-and-replay.md §7)."""

from typing import Any

from midair.dialects.postgresql.changes.expressions import volatility_of
from midair.dialects.postgresql.parse import statement_of, walk
from midair.model.change import Volatility

_CATALOGS = ("pg_catalog", "information_schema")
_CHANGES = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "LockingClause"}
_OF_DATA = {"reltuples", "relpages", "relfrozenxid", "relallvisible"}
"""Columns of the catalogs that follow the rows, not the schema."""
_OF_ACTIVITY = ("pg_stat", "pg_statio", "pg_locks", "pg_sequences")
_KNOWN_VOLATILE = {"clock_timestamp", "timeofday", "random"}
"""They give another answer each time, and do nothing."""
_READ_DATA = {
    "currval",
    "lastval",
    "pg_sequence_last_value",
    "pg_relation_size",
    "pg_table_size",
    "pg_total_relation_size",
}


def reads(sql: str) -> tuple[str, ...] | None:
    """The user's relations a pure query reads, catalogs of the schema left out; `None` when it may do more than look."""
    kind, tree = statement_of(sql)
    if kind in ("variable_show_stmt", "explain_stmt"):
        return ()
    if kind != "select_stmt":
        return None
    nodes = tuple(walk(tree))
    calls = [node for name, node in nodes if name == "FuncCall"]
    if any(name in _CHANGES for name, _ in nodes) or any(_may_act(call) for call in calls):
        return None
    named = {node.ctename for name, node in nodes if name == "CommonTableExpr"}
    relations = (node for name, node in nodes if name == "RangeVar" and node.relname not in named)
    found = [str(node.relname) for node in relations if not _is_catalog(node)]
    found += [call.funcname[-1].string.sval for call in calls if call.funcname[-1].string.sval in _READ_DATA]
    found += [
        part.string.sval
        for name, node in nodes
        if name == "ColumnRef"
        for part in node.fields
        if part.string.sval in _OF_DATA
    ]
    return tuple(dict.fromkeys(found))


def gives_rows(sql: str) -> bool:
    """Whether the statement changes something and gives rows back (RETURNING, a query that acts)."""
    kind, tree = statement_of(sql)
    if kind == "select_stmt":
        return reads(sql) is None
    return kind in ("insert_stmt", "update_stmt", "delete_stmt", "merge_stmt") and any(
        name == "ReturningClause" for name, _ in walk(tree)
    )


def _is_catalog(relation: Any) -> bool:
    name = str(relation.relname)
    if name.startswith(_OF_ACTIVITY):
        return False
    return relation.schemaname in _CATALOGS or (not relation.schemaname and name.startswith("pg_"))


def _may_act(call: Any) -> bool:
    """Any function but the server's own that only look: the user's may do anything."""
    names = [str(part.string.sval) for part in call.funcname]
    if len(names) > 1 and names[0] not in _CATALOGS:
        return True
    if names[-1] in _KNOWN_VOLATILE or names[-1] in _READ_DATA:
        return False
    return volatility_of(tuple(names)) not in (Volatility.IMMUTABLE, Volatility.STABLE)

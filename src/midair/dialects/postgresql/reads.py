"""Which of the user's relations a query reads: decides whether a recorded program can be replayed (record-and-replay.md §7)."""

from typing import Any

from midair.dialects.postgresql.parse import statement_of, walk

_CATALOGS = ("pg_catalog", "information_schema")
_CHANGES = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "LockingClause"}
_ACTS = ("setval", "nextval", "set_config", "lo_create", "lo_import", "dblink", "dblink_exec")
"""Built-in functions that do something; the user's own may do anything."""


def reads(sql: str) -> tuple[str, ...] | None:
    """The user's relations a pure query reads, catalogs left out; `None` when it does more than look."""
    kind, tree = statement_of(sql)
    if kind in ("variable_show_stmt", "explain_stmt"):
        return ()
    if kind != "select_stmt":
        return None
    nodes = tuple(walk(tree))
    if any(name in _CHANGES for name, _ in nodes) or any(_may_act(node) for name, node in nodes if name == "FuncCall"):
        return None
    named = {node.ctename for name, node in nodes if name == "CommonTableExpr"}
    relations = (node for name, node in nodes if name == "RangeVar" and node.relname not in named)
    return tuple(dict.fromkeys(str(node.relname) for node in relations if not _is_catalog(node)))


def _is_catalog(relation: Any) -> bool:
    return relation.schemaname in _CATALOGS or (not relation.schemaname and relation.relname.startswith("pg_"))


def _may_act(call: Any) -> bool:
    names = [str(part.string.sval) for part in call.funcname]
    if len(names) > 1 and names[0] not in _CATALOGS:
        return True
    return names[-1] in _ACTS

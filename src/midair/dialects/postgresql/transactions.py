"""Which statements the server refuses inside a transaction, control one, may be repeated; what they lock.

Source: PostgreSQL 18 manual, each command's Notes ("cannot be executed inside a transaction block").
"""

from typing import Any

from midair.dialects.postgresql.parse import statement_of, walk
from midair.model.statement import Statement

_ALONE_WORDS = (
    "CONCURRENTLY",
    "VACUUM",
    "DATABASE",
    "TABLESPACE",
    "SYSTEM",
    "SUBSCRIPTION",
    "CLUSTER",
    "REINDEX",
    "DISCARD",
)
"""A statement without any of these words can run in a transaction: spares parsing nearly all of them."""
_CONTROL_WORDS = ("BEGIN", "START", "COMMIT", "ROLLBACK", "END", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE")
_WHOLE_SERVER = {
    "createdb_stmt",
    "dropdb_stmt",
    "create_table_space_stmt",
    "drop_table_space_stmt",
    "alter_system_stmt",
}
_SUBSCRIPTIONS = {"create_subscription_stmt", "drop_subscription_stmt"}


def stands_alone(statement: Statement) -> bool:
    """The server refuses this statement inside a transaction."""
    words = statement.sql.upper()
    if not any(word in words for word in _ALONE_WORDS):
        return False
    kind, tree = statement_of(statement.sql)
    if kind in _WHOLE_SERVER or kind in _SUBSCRIPTIONS:
        return True
    match kind:
        case "index_stmt" | "drop_stmt":
            return bool(tree.concurrent)
        case "vacuum_stmt":
            return bool(tree.is_vacuumcmd)
        case "reindex_stmt":
            return _reindexes_alone(tree)
        case "cluster_stmt":
            return not tree.relation.relname
        case "discard_stmt":
            return "DISCARD_ALL" in str(tree)
        case "alter_database_stmt" | "alter_subscription_stmt":
            return "TABLESPACE" in words or "REFRESH" in words
        case "alter_table_stmt":
            return any(name == "PartitionCmd" and part.concurrent for name, part in walk(tree))
        case _:
            return False


def waits_harmlessly(statement: Statement) -> bool:
    """While it waits for its locks or for older transactions, no read or write waits behind it."""
    kind, tree = statement_of(statement.sql)
    match kind:
        case "index_stmt" | "drop_stmt" | "refresh_mat_view_stmt":
            return bool(tree.concurrent)
        case "reindex_stmt":
            return any(param.def_elem.defname == "concurrently" for param in tree.params)
        case "vacuum_stmt":
            return not any(option.def_elem.defname == "full" for option in tree.options)
        case _:
            return False


def _reindexes_alone(tree: Any) -> bool:
    concurrently = any(param.def_elem.defname == "concurrently" for param in tree.params)
    return concurrently or not tree.relation.relname


def controls_transaction(statement: Statement) -> bool:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT and kin."""
    head = statement.sql.lstrip()[:12].upper()
    return head.startswith(_CONTROL_WORDS) and statement_of(statement.sql)[0] == "transaction_stmt"


def repeatable(statement: Statement) -> bool:
    """Running it twice leaves what running it once leaves, whatever stands in between."""
    kind, tree = statement_of(statement.sql)
    match kind:
        case (
            "vacuum_stmt"
            | "reindex_stmt"
            | "cluster_stmt"
            | "discard_stmt"
            | "variable_set_stmt"
            | "comment_stmt"
        ):
            return True
        case "refresh_mat_view_stmt" | "check_point_stmt" | "alter_system_stmt" | "grant_stmt":
            return True
        case "create_stmt" | "create_schema_stmt" | "create_extension_stmt" | "create_seq_stmt":
            return bool(tree.if_not_exists)
        case "drop_stmt":
            return bool(tree.missing_ok)
        case "create_function_stmt" | "view_stmt":
            return bool(tree.replace)
        case _:
            return False


def sets_session(statement: Statement) -> bool:
    """SET, RESET or set_config for the session: a resumed run must send it again."""
    kind, tree = statement_of(statement.sql)
    if kind == "variable_set_stmt":
        return not tree.is_local
    if kind != "select_stmt" or "set_config" not in statement.sql:
        return False
    return any(
        name == "FuncCall" and node.funcname[-1].string.sval == "set_config" for name, node in walk(tree)
    )


def locked(statement: Statement) -> tuple[str, ...]:
    """The relations a statement names, as it names them and in its order."""
    _, tree = statement_of(statement.sql)
    if tree is None:
        return ()
    names = (
        f"{node.schemaname}.{node.relname}" if node.schemaname else str(node.relname)
        for name, node in walk(tree)
        if name == "RangeVar"
    )
    return tuple(dict.fromkeys(names))

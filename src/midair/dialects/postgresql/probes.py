"""Asks a server whether a statement that cannot be in a transaction is already done (expand-contract.md §6.3)."""

from typing import Any

from midair.dialects.postgresql.parse import statement_of
from midair.model.plan import Repair
from midair.model.statement import Parameter, Sql, Statement, quoted

_VALID_INDEX = """
SELECT EXISTS (SELECT FROM pg_index
               WHERE indexrelid = to_regclass(%s) AND indrelid = to_regclass(%s) AND indisvalid AND indisready)
"""
_INVALID_INDEX = """
SELECT EXISTS (SELECT FROM pg_index
               WHERE indexrelid = to_regclass(%s) AND indrelid = to_regclass(%s) AND NOT indisvalid)
"""
_ENUM_VALUE = "SELECT EXISTS (SELECT FROM pg_enum WHERE enumtypid = to_regtype(%s) AND enumlabel = %s)"


def probe(statement: Statement) -> Sql | None:
    """A query giving one boolean, true when the statement's effect is there; `None` when no query can tell."""
    kind, tree = statement_of(statement.sql)
    match kind:
        case "index_stmt" if tree.idxname:
            return Sql(_VALID_INDEX, _index_and_table(tree))
        case "drop_stmt" if tree.concurrent and len(tree.objects) == 1:
            return Sql("SELECT to_regclass(%s) IS NULL", (_qualified(tree.objects[0].list.items),))
        case "alter_enum_stmt" if not tree.old_val:
            return Sql(_ENUM_VALUE, (_qualified(tree.type_name), tree.new_val))
        case _:
            return None


def repair(statement: Statement) -> Repair | None:
    """How to clear what a cut-off run of the statement left: an invalid index of this name on this table."""
    kind, tree = statement_of(statement.sql)
    if kind != "index_stmt" or not tree.concurrent or not tree.idxname:
        return None
    names = _index_and_table(tree)
    return Repair(Sql(_INVALID_INDEX, names), Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {names[0]}"))


def _index_and_table(tree: Any) -> tuple[Parameter, Parameter]:
    schema = (tree.relation.schemaname,) if tree.relation.schemaname else ()
    return quoted(*schema, tree.idxname), quoted(*schema, tree.relation.relname)


def _qualified(names: Any) -> str:
    return quoted(*(name.string.sval for name in names))

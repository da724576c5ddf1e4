"""Asks a server whether a statement that cannot be in a transaction is already done (expand-contract.md §6.3)."""

from typing import Any

from midair.dialects.postgresql import nodes as pb
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
_COLUMN = (
    "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped)"
)
_CONSTRAINT = "EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s)"
_ENUM_VALUE = "SELECT EXISTS (SELECT FROM pg_enum WHERE enumtypid = to_regtype(%s) AND enumlabel = %s)"


def probe(statement: Statement) -> Sql | None:
    """A query giving one boolean, true when the statement's effect is there; `None` when no query can tell."""
    kind, tree = statement_of(statement.sql)
    match kind:
        case "index_stmt" if tree.idxname:
            return Sql(_VALID_INDEX, _index_and_table(tree))
        case "drop_stmt" if len(tree.objects) == 1:
            return _gone(tree)
        case "alter_enum_stmt" if not tree.old_val:
            return Sql(_ENUM_VALUE, (_qualified(tree.type_name), tree.new_val))
        case "create_stmt":
            return Sql("SELECT to_regclass(%s) IS NOT NULL", (_relation(tree.relation),))
        case "view_stmt" if not tree.replace:
            return Sql("SELECT to_regclass(%s) IS NOT NULL", (_relation(tree.view),))
        case "create_enum_stmt":
            return Sql("SELECT to_regtype(%s) IS NOT NULL", (_qualified(tree.type_name),))
        case "create_schema_stmt" if tree.schemaname:
            return Sql("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)", (tree.schemaname,))
        case "alter_table_stmt" if len(tree.cmds) == 1:
            return _altered(tree)
        case _:
            return None


def _gone(tree: Any) -> Sql | None:

    item = tree.objects[0]
    if tree.remove_type in (
        pb.OBJECT_TABLE,
        pb.OBJECT_INDEX,
        pb.OBJECT_VIEW,
        pb.OBJECT_MATVIEW,
        pb.OBJECT_SEQUENCE,
    ):
        return Sql("SELECT to_regclass(%s) IS NULL", (_qualified(item.list.items),))
    if tree.remove_type == pb.OBJECT_TYPE:
        return Sql("SELECT to_regtype(%s) IS NULL", (_qualified(item.type_name.names),))
    return None


def _altered(tree: Any) -> Sql | None:

    table, command = _relation(tree.relation), tree.cmds[0].alter_table_cmd
    match command.subtype:
        case pb.AT_AddColumn:
            return Sql(f"SELECT {_COLUMN}", (table, getattr(command, "def").column_def.colname))
        case pb.AT_DropColumn:
            return Sql(f"SELECT NOT {_COLUMN}", (table, command.name))
        case pb.AT_AddConstraint if getattr(command, "def").constraint.conname:
            return Sql(f"SELECT {_CONSTRAINT}", (table, getattr(command, "def").constraint.conname))
        case pb.AT_DropConstraint:
            return Sql(f"SELECT NOT {_CONSTRAINT}", (table, command.name))
        case _:
            return None


def _relation(relation: Any) -> str:
    return quoted(*((relation.schemaname,) if relation.schemaname else ()), relation.relname)


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

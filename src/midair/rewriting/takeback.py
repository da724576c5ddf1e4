"""What takes a brief statement back that runs as written: only where that removes nothing but what it made."""

from collections.abc import Sequence

from midair.model.change import AddColumn, AddConstraint, Change, CreateIndex, CreateTable
from midair.model.statement import Sql
from midair.rewriting.scene import Scene


def taken_back(changes: Sequence[Change], scene: Scene) -> tuple[Sql, ...]:
    """The statement that undoes it, on the schema before it; empty where nobody can tell what would be right."""
    text = _taken_back(changes[0], scene) if len(changes) == 1 else None
    return () if text is None else (Sql(text),)


def _taken_back(change: Change, scene: Scene) -> str | None:
    match change:
        case CreateTable(table=table, persistence="permanent" | "unlogged") if (
            table not in scene.schema.tables
        ):
            return f"DROP TABLE IF EXISTS {table}"
        case CreateIndex(table=table, index=index, named=True, if_not_exists=False) if (
            table in scene.schema.tables
        ):
            return f"DROP INDEX IF EXISTS {index.name}"
        case AddColumn(table=table, column=column, if_not_exists=False):
            return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.name}"
        case AddConstraint(table=table, constraint=constraint) if constraint.named:
            return f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint.name}"
        case _:
            return None

"""The way back that a way up calls for, as a draft: what was made is dropped, what was changed is changed back."""

from collections.abc import Iterator, Sequence

from midair.analysis.context import Act
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    Change,
    CreateIndex,
    CreateTable,
    CreateView,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNotNull,
)
from midair.model.schema import Schema, bare_name, beside


def inverse(acts: Sequence[Act]) -> tuple[str, ...]:
    """SQL for the changes that have an inverse, last one first; rows that were lost do not come back."""
    found: list[str] = []
    for act in acts:
        schema = act.schema
        for each in act.changes:
            found += _undone(each, schema)
            schema = schema.after(each)
    return tuple(reversed(found))


def _undone(change: Change, schema: Schema) -> Iterator[str]:
    match change:
        case CreateTable(table=table):
            yield f"DROP TABLE {table}"
        case CreateView(view=view, replace=False):
            yield f"DROP {'MATERIALIZED ' if change.materialized else ''}VIEW {view}"
        case CreateIndex(index=index):
            yield f"DROP INDEX {index.name}"
        case RenameTable(table=table, new_name=new):
            yield f"ALTER {change.kind.upper()} {beside(table, new)} RENAME TO {bare_name(table)}"
        case RenameColumn(table=table, column=column, new_name=new):
            yield f"ALTER TABLE {table} RENAME COLUMN {new} TO {column}"
        case AddColumn(table=table, column=added):
            yield f"ALTER TABLE {table} DROP COLUMN {added.name}"
        case AddConstraint(table=table, constraint=made):
            yield f"ALTER TABLE {table} DROP CONSTRAINT {made.name}"
        case SetNotNull(table=table, column=column):
            yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
        case DropNotNull(table=table, column=column):
            yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
        case DropConstraint(table=table, name=name):
            yield from _constraint_again(table, name, schema)
        case DropColumn() | AlterColumnType() | SetDefault() | DropDefault():
            yield from _column_again(change, schema)
        case _:
            pass


def _constraint_again(table: str, name: str, schema: Schema) -> Iterator[str]:
    known = schema.tables.get(table)
    found = known.constraint(name) if known else None
    if found is not None and found.clause:
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {found.clause}"


def _column_again(
    change: DropColumn | AlterColumnType | SetDefault | DropDefault, schema: Schema
) -> Iterator[str]:
    known = schema.tables.get(change.table)
    column = known.column(change.column) if known else None
    alter = f"ALTER TABLE {change.table} ALTER COLUMN {change.column}"
    if column is None:
        if isinstance(change, SetDefault):
            yield f"{alter} DROP DEFAULT"
    elif isinstance(change, DropColumn):
        yield f"ALTER TABLE {change.table} ADD COLUMN {column.name} {column.type}"
    elif isinstance(change, AlterColumnType):
        yield f"{alter} TYPE {column.type} USING {column.name}::{column.type}"
    elif column.default is not None:
        yield f"{alter} SET DEFAULT {column.default.sql}"
    else:
        yield f"{alter} DROP DEFAULT"

"""By what a table's rows are found and told apart: the key it is walked by, and the columns that must stay unique."""

from collections.abc import Iterator

from midair.model.backfill import KeyColumn
from midair.model.change import Column, ConstraintKind, DataType
from midair.model.schema import Table

_NO_KEYS = frozenset(["float4", "float8", "money", "bit", "interval"])
"""Types whose text depends on the session, or loses something: no place to go on from."""


def unique_keys(table: Table) -> Iterator[tuple[str, ...]]:
    """The columns of every valid unique index and of the primary key, as far as they are plain columns."""
    for each in table.constraints:
        if each.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE):
            yield each.columns
    for index in table.indexes:
        if index.unique and index.valid and not index.partial and not index.expressions:
            yield index.columns


def unique_columns(table: Table) -> frozenset[str]:
    """Every column that a unique index, a key or an exclusion constraint looks at."""
    keys = {column for key in unique_keys(table) for column in key}
    indexed = {column for index in table.indexes if index.unique for column in index.mentions}
    excluded = {
        column for each in table.constraints if each.kind is ConstraintKind.EXCLUDE for column in each.columns
    }
    return frozenset(keys | indexed | excluded)


def primary_of(table: Table) -> tuple[str, ...]:
    """The columns of the primary key; empty without one."""
    return table.primary_key.columns if table.primary_key else ()


def walking_key(table: Table) -> tuple[KeyColumn, ...]:
    """The primary key, else the shortest unique index without NULLs; empty where neither can be walked."""
    primary = primary_of(table)
    walkable = [primary] if primary else []
    walkable += sorted(
        (
            index.columns
            for index in table.indexes
            if index.unique and index.valid and index.plain and not index.partial and index.method == "btree"
        ),
        key=len,
    )
    for names in walkable:
        columns = [table.column(each) for each in names]
        kinds = [
            KeyColumn(each.name, bare_type(each.type))
            for each in columns
            if each is not None and (names == primary or each.not_null)
            if each.type.name not in _NO_KEYS
        ]
        if names and len(kinds) == len(names):
            return tuple(kinds)
    return ()


def type_sql(column: Column) -> str:
    """The type as a cast needs it to give the column's very value."""
    kind = column.type
    return str(kind) if kind.modifiers or kind.name not in ("bpchar", "bit", "char") else bare_type(kind)


def bare_type(kind: DataType) -> str:
    """The type without its modifiers, by the server's own name."""
    name = '"char"' if kind.name == "char" else "pg_catalog.bpchar" if kind.name == "bpchar" else kind.name
    return name + "[]" * kind.dimensions

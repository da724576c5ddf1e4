"""A server's catalog → `Schema`, in the same form as the changes give it: definitions are read by the same parser."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import identifier, qualified
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Column,
    Constraint,
    CreateIndex,
    DataType,
    Default,
    Index,
    SetDefault,
    Volatility,
)
from midair.model.schema import Schema, Table, Type

_KINDS = {"r": "table", "p": "partitioned", "v": "view", "m": "materialized view", "f": "table"}
_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}
_VOLATILITY = {1: Volatility.IMMUTABLE, 2: Volatility.STABLE, 3: Volatility.VOLATILE}
_TYPE_KINDS = {"e": "enum", "d": "domain", "r": "range", "c": "composite"}


def snapshot(session: Session) -> Schema:
    """What the database holds now, outside the server's own schemas; reads the catalog only.

    Raises:
        StatementFailed: the user may not read the catalog.
        ConnectionLost: the connection broke.
    """
    rows = {name: session.query(_query(name)) for name in _QUERIES}
    names = {row[0]: qualified(row[1], row[2]) for row in rows["tables"]}
    tables = {table.name: table for table in _tables(rows, names)}
    types = {each.name: each for each in _types(rows["types"])}
    sequences = {qualified(schema, name): names.get(owner) for schema, name, owner in rows["sequences"]}
    functions = {qualified(schema, name): _VOLATILITY[kind] for schema, name, kind in rows["functions"]}
    index_tables = {index.name: table.name for table in tables.values() for index in table.indexes}
    unlisted = frozenset(row[0] for row in rows["unlisted"])
    return Schema(
        tables, types, sequences, functions, complete=True, index_tables=index_tables, unlisted=unlisted
    )


_QUERIES = (
    "tables", "columns", "constraints", "indexes", "inheritance", "partition_keys", "views", "types", "sequences",
    "functions", "parts", "unlisted",
)  # fmt: skip


@cache
def _query(name: str) -> str:
    return files("midair.dialects.postgresql").joinpath(f"catalog/{name}.sql").read_text()


def _tables(rows: dict[str, list[tuple[Any, ...]]], names: dict[int, str]) -> Iterator[Table]:
    columns = _grouped(rows["columns"])
    constraints = _grouped(rows["constraints"])
    indexes = _grouped(rows["indexes"])
    parents = _grouped(rows["inheritance"])
    keys = _grouped(rows["partition_keys"])
    reads = _grouped(rows["views"])
    parts = _grouped(rows["parts"])
    for oid, schema, relname, kind, persistence, *figures in rows["tables"]:
        estimate, size, is_partition, is_default, of_type, traffic = figures
        name = qualified(schema, relname)
        made = tuple(_column(name, row) for row in columns[oid])
        yield Table(
            name,
            made if kind != "v" else (),
            tuple(filter(None, (_constraint(name, row) for row in constraints[oid]))),
            tuple(filter(None, (_index(row) for row in indexes[oid]))),
            kind=_KINDS[kind],
            empty=kind == "r" and size == 0,
            rows=estimate,
            bytes=size,
            persistence=_PERSISTENCE[persistence],
            partition_key=tuple(identifier(row[0]) for row in keys[oid]),
            parents=tuple(names[row[0]] for row in parents[oid] if row[0] in names),
            is_partition=is_partition,
            is_default=is_default,
            reads=tuple(sorted({names[row[0]] for row in reads[oid] if row[0] in names})),
            depends_on=frozenset(
                (names[row[0]], identifier(row[1])) for row in reads[oid] if row[0] in names and row[1]
            ),
            view_columns=tuple(each.name for each in made) if kind in ("v", "m") else None,
            of_type=identifier(of_type) if of_type else None,
            parts=frozenset((row[0], identifier(row[1])) for row in parts[oid]),
            trigger_functions=tuple((identifier(row[1]), identifier(row[2])) for row in parts[oid] if row[2]),
            traffic=traffic,
            row_triggers=frozenset(identifier(row[1]) for row in parts[oid] if row[3]),
        )


def _grouped(rows: list[tuple[Any, ...]]) -> defaultdict[int, list[tuple[Any, ...]]]:
    found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for first, *rest in rows:
        found[first].append(tuple(rest))
    return found


def _column(table: str, row: tuple[Any, ...]) -> Column:
    name, type_sql, not_null, default, identity, generated, collation, numbered = row
    made = identifier(name)
    serial = bool(numbered) and not identity
    return Column(
        made,
        _type(type_sql),
        not_null=not_null,
        default=None if generated else _serial_default(default) if serial else _default(default),
        generated={"s": "stored", "v": "virtual"}.get(generated),
        identity={"a": "always", "d": "by default"}.get(identity),
        collation=identifier(collation) if collation else None,
        generated_from=_mentioned(default) if generated else frozenset(),
        serial=serial,
    )


@lru_cache(maxsize=4096)
def _type(sql: str) -> DataType:
    change = changes_of(f"ALTER TABLE t ADD COLUMN c {sql}")[0]
    return change.column.type if isinstance(change, AddColumn) else DataType(sql)


@lru_cache(maxsize=4096)
def _default(sql: str | None) -> Default | None:
    if sql is None:
        return None
    change = changes_of(f"ALTER TABLE t ALTER COLUMN c SET DEFAULT {sql}")[0]
    return change.default if isinstance(change, SetDefault) else Default(sql, Volatility.UNKNOWN)


def _serial_default(sql: str | None) -> Default | None:
    """`None` says that it is the next number of the column's own sequence."""
    if sql is None:
        return Default("NULL", null=True)
    return None if sql.startswith("nextval(") else _default(sql)


@lru_cache(maxsize=4096)
def _mentioned(expression: str) -> frozenset[str]:
    change = changes_of(f"ALTER TABLE t ADD CHECK ({expression} IS NULL)")[0]
    return frozenset(change.constraint.columns) if isinstance(change, AddConstraint) else frozenset()


def _constraint(table: str, row: tuple[Any, ...]) -> Constraint | None:
    name, kind, definition, valid, _ = row
    change = changes_of(f"ALTER TABLE {table} ADD CONSTRAINT {identifier(name)} {definition}")[0]
    if not isinstance(change, AddConstraint):
        return None
    if kind == "n" and valid:
        return None  # a plain NOT NULL column; PostgreSQL 18 keeps a constraint for each
    return replace(change.constraint, valid=valid)


def _index(row: tuple[Any, ...]) -> Index | None:
    schema, name, definition, valid, constraint, parent_schema, parent = row
    change = changes_of(definition)[0]
    if not isinstance(change, CreateIndex):
        return None
    return replace(
        change.index,
        name=qualified(schema, name),
        valid=valid,
        constraint=identifier(constraint) if constraint else None,
        parent=qualified(parent_schema, parent) if parent else None,
    )


def _types(rows: list[tuple[Any, ...]]) -> Iterator[Type]:
    for schema, name, kind, labels, base, constrained in rows:
        made = _TYPE_KINDS[kind]
        yield Type(
            qualified(schema, name),
            made,
            tuple(labels),
            _type(base) if base else None,
            constrained=bool(constrained) and made == "domain",
        )

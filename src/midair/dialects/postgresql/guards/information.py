"""A schema as rows of the views that show the catalogs, the information schema's among them.

Source: PostgreSQL 18 manual, chapters "System Views" and "The Information Schema".
"""

from collections.abc import Callable, Iterator, Mapping

from midair.dialects.postgresql.guards.values import (
    DATABASE,
    NOT_NULL_NAME,
    SYSTEM_NAME,
    SYSTEM_SCHEMA,
    UNKNOWN,
    Possible,
    Row,
    home_of,
    plain,
)
from midair.model.change import Column, ConstraintKind
from midair.model.schema import Schema, Table

Rows = Callable[[Schema], Iterator[Row | Possible]]


def may_be_foreign(table: Table) -> bool:
    """The schema calls a foreign table a table; it has no size."""
    return table.kind == "table" and table.bytes is None and not table.empty


def names_of(table: Table) -> tuple[str, ...]:
    """Its columns, in order."""
    return tuple(plain(each) for each in table.view_columns or (each.name for each in table.columns))


def is_listed(table: Table) -> bool:
    """All its columns are known."""
    return table.view_columns is not None if table.kind == "view" else table.known


def _named(kinds: tuple[str, ...], schema_column: str, name_column: str) -> Rows:
    """The rows of a view that lists relations of these kinds."""

    def rows(schema: Schema) -> Iterator[Row | Possible]:
        for table in schema.tables.values():
            if table.kind in kinds:
                row = {schema_column: home_of(table.name), name_column: plain(table.name)}
                yield Possible(row) if may_be_foreign(table) else row
        yield {schema_column: SYSTEM_SCHEMA, name_column: SYSTEM_NAME}

    return rows


def _indexes(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        here = {"schemaname": home_of(table.name), "tablename": plain(table.name)}
        yield from ({**here, "indexname": plain(each.name)} for each in table.indexes)
        if not table.known:
            yield Possible(here)
    yield {"schemaname": SYSTEM_SCHEMA, "tablename": SYSTEM_NAME, "indexname": SYSTEM_NAME}


def _policies(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        here = {"schemaname": home_of(table.name), "tablename": plain(table.name)}
        for kind, name in table.parts:
            if kind == "policy":
                yield {**here, "policyname": plain(name)}


def _here(table: Table) -> Row:
    home = home_of(table.name)
    return {"table_catalog": DATABASE, "table_schema": home, "table_name": plain(table.name)}


_SYSTEM_TABLE: Row = {"table_catalog": DATABASE, "table_schema": SYSTEM_SCHEMA, "table_name": SYSTEM_NAME}


def _tables(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        if table.kind != "materialized view":
            kind = "VIEW" if table.kind == "view" else "BASE TABLE"
            yield {**_here(table), "table_type": UNKNOWN if may_be_foreign(table) else kind}
    yield _SYSTEM_TABLE


def _columns(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        if table.kind == "materialized view":
            continue
        known = {plain(each.name): each for each in table.columns} if table.kind != "view" else {}
        for name in names_of(table):
            yield {**_here(table), "column_name": name, **_said_of(known.get(name), schema)}
        if not is_listed(table):
            yield Possible(_here(table))
    yield _SYSTEM_TABLE


def _said_of(column: Column | None, schema: Schema) -> Row:
    """What the information schema says of a column besides its name; of a domain it speaks otherwise."""
    if column is None or column.type.name in schema.types:
        return {}
    row = {"is_nullable": "NO" if column.not_null else "YES"}
    word = _DATA_TYPES.get(column.type.name)
    if word is None or column.type.dimensions:
        return row
    return {**row, "data_type": word, "udt_name": column.type.name}


_DATA_TYPES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision", "numeric": "numeric",
    "bool": "boolean", "text": "text", "varchar": "character varying", "bpchar": "character", "uuid": "uuid", "json": "json", "jsonb": "jsonb",
    "date": "date", "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone", "bytea": "bytea",
}  # fmt: skip


def _table_constraints(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        here = {**_here(table), "constraint_schema": home_of(table.name)}
        for each in table.constraints:
            kind = "CHECK" if each.kind is ConstraintKind.NOT_NULL else each.kind.upper()
            if each.kind is not ConstraintKind.EXCLUDE:
                yield {**here, "constraint_name": plain(each.name), "constraint_type": kind}
        if not table.known:
            yield Possible(here)
        if any(each.not_null for each in table.columns):
            yield Possible({**here, "constraint_name": NOT_NULL_NAME, "constraint_type": "CHECK"})
    for name in sorted(schema.unlisted):
        yield Possible({"constraint_name": name, "constraint_type": "CHECK"})
    yield {**_SYSTEM_TABLE, "constraint_name": SYSTEM_NAME}


def _key_columns(schema: Schema) -> Iterator[Row | Possible]:
    kinds = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.FOREIGN_KEY)
    for table in schema.tables.values():
        here = {**_here(table), "constraint_schema": home_of(table.name)}
        for each in table.constraints:
            if each.kind in kinds:
                row = {**here, "constraint_name": plain(each.name)}
                yield from ({**row, "column_name": plain(column)} for column in each.columns)
        if not table.known:
            yield Possible(here)
    yield {**_SYSTEM_TABLE, "constraint_name": SYSTEM_NAME}


def _references(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        here = {"constraint_schema": home_of(table.name)}
        for each in table.constraints:
            if each.kind is ConstraintKind.FOREIGN_KEY:
                yield {**here, "constraint_name": plain(each.name)}
        if not table.known:
            yield Possible(here)


def _sequences(schema: Schema) -> Iterator[Row | Possible]:
    for name, owner in schema.sequences.items():
        row = {"sequence_schema": home_of(name), "sequence_name": plain(name)}
        yield row if owner is None else Possible(row)  # an identity column's is not shown there


VIEWS: Mapping[tuple[str, str], Rows] = {
    ("pg_catalog", "pg_indexes"): _indexes,
    ("pg_catalog", "pg_policies"): _policies,
    ("pg_catalog", "pg_tables"): _named(("table", "partitioned"), "schemaname", "tablename"),
    ("pg_catalog", "pg_views"): _named(("view",), "schemaname", "viewname"),
    ("pg_catalog", "pg_matviews"): _named(("materialized view",), "schemaname", "matviewname"),
    ("information_schema", "tables"): _tables,
    ("information_schema", "views"): _named(("view",), "table_schema", "table_name"),
    ("information_schema", "columns"): _columns,
    ("information_schema", "table_constraints"): _table_constraints,
    ("information_schema", "key_column_usage"): _key_columns,
    ("information_schema", "referential_constraints"): _references,
    ("information_schema", "sequences"): _sequences,
}
"""From a view's schema and name to its rows."""

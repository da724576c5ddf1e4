"""A schema as rows of the server's catalogs, as far as guards ask for them.

What a row does not say is not known, and so is what is compared with it. Source: PostgreSQL 18 manual, chapters "System
Catalogs", "System Views", "The Information Schema".
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from midair.dialects.postgresql.changes.names import names_in
from midair.model.change import ConstraintKind
from midair.model.frozen import frozen
from midair.model.schema import Schema, Table, bare_name

Row = Mapping[str, Any]


@frozen
class Unknown:
    """A value that nobody knows from here."""


UNKNOWN = Unknown()


@frozen
class Oid:
    """What an object identifier stands for: `kind` is the catalog, `name` the object's."""

    kind: str
    name: str


@frozen
class Positive:
    """A number above zero."""


@frozen
class Family:
    """Any of several names that the server gives: a text may be one of them, or is certainly none."""

    may_be: Callable[[str], bool]


@frozen
class Possible:
    """Rows that may be there and may not."""

    row: Row


@cache
def _system_names() -> frozenset[str]:
    """Relations, types and constraints of a new database's own schemas (PostgreSQL 15 and 18) without the prefix of their kind."""
    return frozenset(
        files("midair.dialects.postgresql.guards").joinpath("system_names.txt").read_text("ascii").split()
    )


def is_system_name(text: str) -> bool:
    """The server's own schemas may have a relation, type or constraint of this name."""
    return text.startswith(("pg_", "_pg_")) or text in _system_names()


def is_system_type(text: str) -> bool:
    """The server may have a type of this name, be it an array of another."""
    return text.startswith("_") or is_system_name(text)


def is_system_column(text: str) -> bool:
    """Every table has a column of this name."""
    return text in ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")


SYSTEM_NAME = Family(is_system_name)
SYSTEM_TYPE = Family(is_system_type)
SYSTEM_SCHEMA = Family(lambda text: text.startswith("pg_") or text == "information_schema")
SYSTEM_COLUMN = Family(is_system_column)
SYSTEM_TRIGGER = Family(lambda text: text.startswith("RI_ConstraintTrigger_"))
NOT_NULL_NAME = Family(lambda text: "_not_null" in text)
"""A column's NOT NULL: `orders_total_not_null`, `2200_16385_1_not_null`."""


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """An identifier's last part as it is without quotes."""
    bare = bare_name(name)
    return bare[1:-1].replace('""', '"') if bare.startswith('"') else bare


@lru_cache(maxsize=8192)
def _place(name: str) -> str:
    """The schema an identifier names."""
    return names_in(name)[0] if bare_name(name) != name else "public"


_RELKINDS = {"table": "r", "partitioned": "p", "view": "v", "materialized view": "m"}
_CONTYPES = {
    ConstraintKind.CHECK: "c", ConstraintKind.FOREIGN_KEY: "f", ConstraintKind.UNIQUE: "u",
    ConstraintKind.PRIMARY_KEY: "p", ConstraintKind.EXCLUDE: "x", ConstraintKind.NOT_NULL: "n",
}  # fmt: skip
_TYPTYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r", "base": "b"}
_SYSTEM = "pg_catalog"


def _may_be_foreign(table: Table) -> bool:
    """The schema calls a foreign table a table; it has no size."""
    return table.kind == "table" and table.bytes is None and not table.empty


def _relation(name: str, kind: Any) -> Row:
    place = _place(name)
    return {
        "oid": Oid("class", name), "relname": plain(name), "relkind": kind,
        "relnamespace": Oid("namespace", place),
    }  # fmt: skip


def _pg_class(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        relkind = UNKNOWN if _may_be_foreign(table) else _RELKINDS[table.kind]
        yield {**_relation(table.name, relkind), "relispartition": table.is_partition}
        kind = "I" if table.kind == "partitioned" else "i"
        yield from (_relation(each.name, kind) for each in table.indexes)
    yield from (_relation(name, "S") for name in schema.sequences)
    for each in schema.types.values():
        if each.kind == "composite":
            yield _relation(each.name, "c")
    yield {"oid": Oid("class", ""), "relname": SYSTEM_NAME, "relnamespace": Oid("namespace", _SYSTEM)}


def _pg_namespace(schema: Schema) -> Iterator[Row | Possible]:
    names = {_place(name) for name in (*schema.tables, *schema.types, *schema.sequences, *schema.functions)}
    yield from (
        {"oid": Oid("namespace", name), "nspname": name} for name in {*names, "public"} - {"public", _SYSTEM}
    )
    yield {"oid": Oid("namespace", "public"), "nspname": "public"}
    yield {"oid": Oid("namespace", _SYSTEM), "nspname": SYSTEM_SCHEMA}
    yield Possible({"oid": Oid("namespace", ""), "nspname": UNKNOWN})  # one that has nothing in it


def _columns(table: Table) -> tuple[tuple[str, Any], ...]:
    """Each column's name and whether it may not be NULL, in order."""
    if table.view_columns is not None:
        return tuple((plain(name), False) for name in table.view_columns)
    return tuple((plain(each.name), each.not_null) for each in table.columns)


def _is_listed(table: Table) -> bool:
    """All its columns are known."""
    return table.view_columns is not None if table.kind == "view" else table.known


def _pg_attribute(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        oid = Oid("class", table.name)
        for name, not_null in _columns(table):
            yield {
                "attrelid": oid, "attname": name, "attnum": Positive(), "attisdropped": False,
                "attnotnull": not_null,
            }  # fmt: skip
        yield {"attrelid": oid, "attname": SYSTEM_COLUMN, "attisdropped": False}
        if not _is_listed(table):
            yield Possible({"attrelid": oid, "attisdropped": False})
        yield from (Possible({"attrelid": Oid("class", each.name)}) for each in table.indexes)
    yield from (Possible({"attrelid": Oid("class", name)}) for name in schema.sequences)
    yield from (
        Possible({"attrelid": Oid("class", each.name)})
        for each in schema.types.values()
        if each.kind == "composite"
    )
    yield {"attrelid": Oid("class", "")}


def _pg_constraint(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        place = Oid("namespace", _place(table.name))
        oid = Oid("class", table.name)
        for each in table.constraints:
            yield {
                "oid": Oid("constraint", f"{table.name} {each.name}"), "conname": plain(each.name),
                "contype": _CONTYPES[each.kind], "convalidated": each.valid, "conrelid": oid,
                "connamespace": place,
                "confrelid": Oid("class", each.references) if each.references else UNKNOWN,
            }  # fmt: skip
        if not table.known and table.kind in ("table", "partitioned"):
            yield Possible({"conrelid": oid, "connamespace": place})
        if any(each.not_null for each in table.columns):
            yield Possible({"conrelid": oid, "connamespace": place, "contype": "n", "conname": NOT_NULL_NAME})
        for kind, name in table.parts:
            if kind == "trigger":
                yield Possible(
                    {"conrelid": oid, "connamespace": place, "contype": "t", "conname": plain(name)}
                )
    yield from (Possible({"conname": name}) for name in sorted(schema.unlisted))
    yield {"conname": SYSTEM_NAME, "connamespace": Oid("namespace", _SYSTEM), "conrelid": Oid("class", "")}


def _pg_type(schema: Schema) -> Iterator[Row | Possible]:
    for each in schema.types.values():
        yield _type(each.name, _TYPTYPES.get(each.kind, UNKNOWN))
    for table in schema.tables.values():
        yield _type(table.name, "c")
    yield from (Possible(_type(name, "c")) for name in schema.sequences)  # before 14
    yield from (Possible({"typname": name}) for name in sorted(schema.unlisted))
    yield {
        "oid": Oid("type", ""), "typname": SYSTEM_TYPE, "typnamespace": Oid("namespace", _SYSTEM),
    }  # fmt: skip


def _type(name: str, kind: Any) -> Row:
    place = Oid("namespace", _place(name))
    return {"oid": Oid("type", name), "typname": plain(name), "typtype": kind, "typnamespace": place}


def _pg_enum(schema: Schema) -> Iterator[Row | Possible]:
    for each in schema.types.values():
        for label in each.labels:
            yield {"enumtypid": Oid("type", each.name), "enumlabel": label}


def _pg_index(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        oid = Oid("class", table.name)
        for each in table.indexes:
            yield {
                "indexrelid": Oid("class", each.name), "indrelid": oid, "indisvalid": each.valid,
                "indisunique": each.unique,
            }  # fmt: skip
        if not table.known:
            yield Possible({"indrelid": oid})
    yield {"indexrelid": Oid("class", ""), "indrelid": Oid("class", "")}


def _pg_trigger(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        for kind, name in table.parts:
            if kind == "trigger":
                yield {
                    "tgrelid": Oid("class", table.name),
                    "tgname": plain(name),
                    "tgisinternal": False,
                }
        # those behind foreign keys
        yield Possible({"tgrelid": Oid("class", table.name), "tgisinternal": True, "tgname": SYSTEM_TRIGGER})


def _pg_indexes(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        for each in table.indexes:
            yield {
                "schemaname": _place(each.name), "tablename": plain(table.name), "indexname": plain(each.name),
            }  # fmt: skip
        if not table.known:
            yield Possible({"schemaname": _place(table.name), "tablename": plain(table.name)})
    yield {"schemaname": SYSTEM_SCHEMA, "tablename": SYSTEM_NAME, "indexname": SYSTEM_NAME}


def _named(kinds: tuple[str, ...], place: str, name: str) -> Callable[[Schema], Iterator[Row | Possible]]:
    """The rows of a view that lists relations of these kinds."""

    def rows(schema: Schema) -> Iterator[Row | Possible]:
        for table in schema.tables.values():
            if table.kind in kinds:
                row = {place: _place(table.name), name: plain(table.name)}
                yield Possible(row) if _may_be_foreign(table) else row
        yield {place: SYSTEM_SCHEMA, name: SYSTEM_NAME}

    return rows


def _tables(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        if table.kind != "materialized view":
            kind: Any = "VIEW" if table.kind == "view" else "BASE TABLE"
            kind = UNKNOWN if _may_be_foreign(table) else kind
            yield {
                "table_schema": _place(table.name), "table_name": plain(table.name), "table_type": kind,
            }  # fmt: skip
    yield {"table_schema": SYSTEM_SCHEMA, "table_name": SYSTEM_NAME}


def _information_columns(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        if table.kind == "materialized view":
            continue
        here = {"table_schema": _place(table.name), "table_name": plain(table.name)}
        kinds = {plain(each.name): _DATA_TYPES.get(str(each.type), UNKNOWN) for each in table.columns}
        for name, not_null in _columns(table):
            null: Any = UNKNOWN if table.kind == "view" else "NO" if not_null else "YES"
            yield {
                **here, "column_name": name, "is_nullable": null, "data_type": kinds.get(name, UNKNOWN),
            }  # fmt: skip
        if not _is_listed(table):
            yield Possible(here)
    yield {"table_schema": SYSTEM_SCHEMA, "table_name": SYSTEM_NAME}


_DATA_TYPES = {
    each: each
    for each in ("smallint", "integer", "bigint", "real", "double precision", "boolean", "text", "uuid", "json", "jsonb", "date", "bytea")
}  # fmt: skip
"""Types that the information schema calls as the schema does."""


def _table_constraints(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        place = _place(table.name)
        here = {"table_schema": place, "table_name": plain(table.name), "constraint_schema": place}
        for each in table.constraints:
            if each.kind is ConstraintKind.EXCLUDE:
                continue
            kind = "CHECK" if each.kind is ConstraintKind.NOT_NULL else each.kind.upper()
            yield {**here, "constraint_name": plain(each.name), "constraint_type": kind}
        if not table.known:
            yield Possible(here)
        if any(each.not_null for each in table.columns):
            yield Possible({**here, "constraint_name": NOT_NULL_NAME, "constraint_type": "CHECK"})
    yield from (
        Possible({"constraint_name": name, "constraint_type": "CHECK"}) for name in sorted(schema.unlisted)
    )
    yield {"table_schema": SYSTEM_SCHEMA, "table_name": SYSTEM_NAME, "constraint_name": SYSTEM_NAME}


def _sequences(schema: Schema) -> Iterator[Row | Possible]:
    for name, owner in schema.sequences.items():
        row = {"sequence_schema": _place(name), "sequence_name": plain(name)}
        yield row if owner is None else Possible(row)  # an identity column's is not shown there


CATALOGS: Mapping[tuple[str, str], Callable[[Schema], Iterator[Row | Possible]]] = {
    ("pg_catalog", "pg_class"): _pg_class,
    ("pg_catalog", "pg_namespace"): _pg_namespace,
    ("pg_catalog", "pg_attribute"): _pg_attribute,
    ("pg_catalog", "pg_constraint"): _pg_constraint,
    ("pg_catalog", "pg_type"): _pg_type,
    ("pg_catalog", "pg_enum"): _pg_enum,
    ("pg_catalog", "pg_index"): _pg_index,
    ("pg_catalog", "pg_trigger"): _pg_trigger,
    ("pg_catalog", "pg_indexes"): _pg_indexes,
    ("pg_catalog", "pg_tables"): _named(("table", "partitioned"), "schemaname", "tablename"),
    ("pg_catalog", "pg_views"): _named(("view",), "schemaname", "viewname"),
    ("pg_catalog", "pg_matviews"): _named(("materialized view",), "schemaname", "matviewname"),
    ("information_schema", "tables"): _tables,
    ("information_schema", "views"): _named(("view",), "table_schema", "table_name"),
    ("information_schema", "columns"): _information_columns,
    ("information_schema", "table_constraints"): _table_constraints,
    ("information_schema", "sequences"): _sequences,
}
"""From a catalog's schema and name to its rows."""

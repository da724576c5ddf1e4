"""A schema as rows of the server's catalogs, as far as guards ask for them.

What a row does not say is not known, and so is what is compared with it. Source: PostgreSQL 18 manual, chapter "System
Catalogs".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from midair.dialects.postgresql.guards.information import VIEWS, Rows, is_listed, may_be_foreign, names_of
from midair.dialects.postgresql.guards.values import (
    NOT_NULL_NAME,
    SYSTEM_COLUMN,
    SYSTEM_NAME,
    SYSTEM_SCHEMA,
    SYSTEM_TRIGGER,
    SYSTEM_TYPE,
    UNKNOWN,
    Oid,
    Positive,
    Possible,
    Row,
    home_of,
    plain,
)
from midair.model.change import ConstraintKind
from midair.model.schema import Schema

_RELKINDS = {"table": "r", "partitioned": "p", "view": "v", "materialized view": "m"}
_CONTYPES = {
    ConstraintKind.CHECK: "c", ConstraintKind.FOREIGN_KEY: "f", ConstraintKind.UNIQUE: "u",
    ConstraintKind.PRIMARY_KEY: "p", ConstraintKind.EXCLUDE: "x", ConstraintKind.NOT_NULL: "n",
}  # fmt: skip
_TYPTYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r", "base": "b"}
_SYSTEM = "pg_catalog"


def _relation(name: str, kind: Any) -> Row:
    place = home_of(name)
    return {
        "oid": Oid("class", name), "relname": plain(name), "relkind": kind,
        "relnamespace": Oid("namespace", place),
    }  # fmt: skip


def _pg_class(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        relkind = UNKNOWN if may_be_foreign(table) else _RELKINDS[table.kind]
        yield {**_relation(table.name, relkind), "relispartition": table.is_partition}
        kind = "I" if table.kind == "partitioned" else "i"
        yield from (_relation(each.name, kind) for each in table.indexes)
    yield from (_relation(name, "S") for name in schema.sequences)
    for each in schema.types.values():
        if each.kind == "composite":
            yield _relation(each.name, "c")
    yield {"oid": Oid("class", ""), "relname": SYSTEM_NAME, "relnamespace": Oid("namespace", _SYSTEM)}


def _pg_namespace(schema: Schema) -> Iterator[Row | Possible]:
    names = {home_of(name) for name in (*schema.tables, *schema.types, *schema.sequences, *schema.functions)}
    yield from (
        {"oid": Oid("namespace", name), "nspname": name} for name in {*names, "public"} - {"public", _SYSTEM}
    )
    yield {"oid": Oid("namespace", "public"), "nspname": "public"}
    yield {"oid": Oid("namespace", _SYSTEM), "nspname": SYSTEM_SCHEMA}
    yield Possible({"oid": Oid("namespace", ""), "nspname": UNKNOWN})  # one that has nothing in it


def _pg_attribute(schema: Schema) -> Iterator[Row | Possible]:
    for table in schema.tables.values():
        oid = Oid("class", table.name)
        filled = {plain(each.name): each.not_null for each in table.columns}
        for name in names_of(table):
            yield {
                "attrelid": oid, "attname": name, "attnum": Positive(), "attisdropped": False,
                "attnotnull": filled.get(name, False),
            }  # fmt: skip
        yield {"attrelid": oid, "attname": SYSTEM_COLUMN, "attisdropped": False}
        if not is_listed(table):
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
        place = Oid("namespace", home_of(table.name))
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
    place = Oid("namespace", home_of(name))
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


CATALOGS: Mapping[tuple[str, str], Rows] = {
    ("pg_catalog", "pg_class"): _pg_class,
    ("pg_catalog", "pg_namespace"): _pg_namespace,
    ("pg_catalog", "pg_attribute"): _pg_attribute,
    ("pg_catalog", "pg_constraint"): _pg_constraint,
    ("pg_catalog", "pg_type"): _pg_type,
    ("pg_catalog", "pg_enum"): _pg_enum,
    ("pg_catalog", "pg_index"): _pg_index,
    ("pg_catalog", "pg_trigger"): _pg_trigger,
    **VIEWS,
}
"""From a catalog's schema and name to its rows."""

"""SQL that several remedies quote: what is known to be safe, with the reader's own names in it."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from midair.analysis.context import Context
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.next_rows import BATCH_ROWS, cast_in_batches, in_batches, narrowed
from midair.dialects.postgresql.reworded import column_line, of_new_row
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Column,
    Constraint,
    ConstraintKind,
    CreateIndex,
    CreateTable,
    DataType,
)
from midair.model.finding import Remedy
from midair.model.schema import Schema, Table, bare_name

BRIEFLY = "SET LOCAL lock_timeout = '2s'"
"""Before a statement that is over at once but must not queue: nobody waits behind it for longer."""
ONLINE = ("midair apply --strategy online",)
HELD_BACK = ("midair apply --strategy online", "midair contract")
"""midair makes room for the new application first; what loses or breaks something waits for a person's word."""
_WHOLE = {"int2": (-32_768, 32_767), "int4": (-2_147_483_648, 2_147_483_647), "int8": (-(2**63), 2**63 - 1)}


def new_migration(description: str) -> tuple[str, ...]:
    """The command that begins a migration of its own in the project's tool."""
    return (f"midair new {shlex.quote(description.replace(chr(34), ''))}",)


def mentions(*names: str) -> tuple[str, ...]:
    """The command that finds where the application names these."""
    words = dict.fromkeys(bare_name(each).strip('"') for each in names)
    return tuple(f"git grep -n -w {shlex.quote(each)}" for each in words if each)


def named(*parts: str) -> str:
    """A name made of others, quoted where it must be."""
    return identifier("_".join(bare_name(each).replace('"', "") for each in parts))


def quoted(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def in_place(text: str, change: CreateTable | AddColumn | AddConstraint, *definitions: str | None) -> Remedy:
    """Columns' definitions as they should stand: lines of a CREATE TABLE, statements where they are added."""
    lines = tuple(each for each in definitions if each)
    if isinstance(change, CreateTable):
        return Remedy(text, write=lines)
    return Remedy(text, tuple(f"ALTER TABLE {change.table} ADD COLUMN {each}" for each in lines))


def retyped(
    text: str, change: CreateTable | AddColumn, columns: Iterable[Column], to: str, context: Context
) -> Remedy:
    """These columns with another type."""
    sql = context.act.statement.sql
    made = in_place(text, change, *(column_line(sql, each.name, type_=to) for each in columns))
    calls = "\n".join(
        f'sa.Column("{each.name}", {_ALEMBIC_TYPES[to]}, nullable={not each.not_null})' for each in columns
    )
    return replace(made, alembic=calls) if to in _ALEMBIC_TYPES else made


_ALEMBIC_TYPES = {
    "timestamptz": "sa.DateTime(timezone=True)",
    "jsonb": "postgresql.JSONB()",
    "text": "sa.Text()",
    "bigint": "sa.BigInteger()",
    "bigserial": "sa.BigInteger()",
    "numeric": "sa.Numeric()",
}


def not_null_proof(table: str, column: str) -> tuple[str, ...]:
    """NOT NULL by way of a check that is validated while work goes on; each in a transaction of its own."""
    check = named(table, column, "nn")
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
        f"ALTER TABLE {table} DROP CONSTRAINT {check}",
    )


def validated_later(table: str, name: str, clause: str) -> tuple[str, ...]:
    """A check or foreign key that looks at new rows at once and at old ones while work goes on."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {clause} NOT VALID",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",
    )


def key_of(table: Table | None) -> tuple[str, ...]:
    """The primary key's columns; empty when there is none, or nobody knows."""
    key = table.primary_key if table else None
    return key.columns if key else ()


def one_batch(context: Context, table: str, sql: str | None = None) -> tuple[str, ...]:
    """The statement for the next few thousand rows; empty where it cannot be cut so."""
    found = context.table(table)
    if found is not None and found.kind == "partitioned" and not key_of(found):
        return ()
    return _batch(sql or context.act.statement.sql, key_of(found))


def one_range(context: Context, table: str) -> tuple[str, ...]:
    """The statement for the first few thousand keys, where the key of the table it reads is one whole number."""
    found = context.table(table)
    key = key_of(found)
    column = found.column(key[0]) if found and len(key) == 1 else None
    if column is None or column.type.name not in _WHOLE:
        return ()
    where = f"{table}.{column.name} >= 1 AND {table}.{column.name} <= {BATCH_ROWS}"
    made = narrowed(context.act.statement.sql, where)
    return (made,) if made else ()


def swapped(
    table: str, column: str, new_type: str, value: str | None, key: tuple[str, ...]
) -> tuple[str, ...]:
    """Another type through a second column: kept in step by a trigger, filled in batches, then renamed into place.

    `value` is `None` for the column's own, cast. Empty where the value cannot be said of a row that is being written.
    """
    fresh, sync, old = named(column, "new"), named(table, column, "sync"), named(column, "old")
    written = f"NEW.{column}::{new_type}" if value is None else of_new_row(value)
    if written is None:
        return ()
    if value is None:
        filled = (cast_in_batches(table, fresh, f"{column}::{new_type}", key),)
    else:
        filled = _batch(f"UPDATE {table} SET {fresh} = {value} WHERE {fresh} IS NULL", key)
    return (
        f"ALTER TABLE {table} ADD COLUMN {fresh} {new_type}",
        *kept_by_trigger(table, fresh, written, sync),
        *filled,
        f"DROP TRIGGER {sync} ON {table}",
        f"ALTER TABLE {table} RENAME COLUMN {column} TO {old}",
        f"ALTER TABLE {table} RENAME COLUMN {fresh} TO {column}",
    )


def kept_by_trigger(table: str, column: str, value: str, name: str) -> tuple[str, ...]:
    """A trigger that gives a column its value whenever a row is written; `value` speaks of `NEW`."""
    return _trigger(table, name, f"BEGIN NEW.{column} := {value}; RETURN NEW; END")


def _trigger(table: str, name: str, body: str) -> tuple[str, ...]:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


def _batch(sql: str, key: tuple[str, ...]) -> tuple[str, ...]:
    made = in_batches(sql, key)
    return (made,) if made else ()


def doubled(table: str, column: Column, new_name: str, key: tuple[str, ...]) -> tuple[str, ...]:
    """A second name for a column: a column of its own, and a trigger that keeps both in step whoever writes."""
    sync = named(table, new_name, "sync")
    body = (
        f"BEGIN IF TG_OP = 'INSERT' THEN NEW.{new_name} := coalesce(NEW.{new_name}, NEW.{column.name}); "
        f"NEW.{column.name} := NEW.{new_name}; "
        f"ELSIF NEW.{new_name} IS DISTINCT FROM OLD.{new_name} THEN NEW.{column.name} := NEW.{new_name}; "
        f"ELSE NEW.{new_name} := NEW.{column.name}; END IF; RETURN NEW; END"
    )
    return (
        f"ALTER TABLE {table} ADD COLUMN {new_name} {column.type}",
        *_trigger(table, sync, body),
        *_batch(f"UPDATE {table} SET {new_name} = {column.name} WHERE {new_name} IS NULL", key),
    )


def index_by_partition(change: CreateIndex, parts: Iterable[str]) -> tuple[str, ...]:
    """An index on the parent alone, built concurrently on each partition, and attached."""
    columns, name, parts = ", ".join(change.index.columns), change.index.name, tuple(parts)
    unique = "UNIQUE " if change.index.unique else ""
    made = {each: named(each, name) for each in parts}
    return (
        f"CREATE {unique}INDEX {bare_name(name)} ON ONLY {change.table} ({columns})",
        *(f"CREATE {unique}INDEX CONCURRENTLY {made[each]} ON {each} ({columns})" for each in parts),
        *(f"ALTER INDEX {name} ATTACH PARTITION {made[each]}" for each in parts),
    )


def dependants(name: str, kind: str = "regclass") -> str:
    """A question: what stands in the way of dropping this."""
    return (
        "SELECT DISTINCT pg_describe_object(classid, objid, objsubid) FROM pg_depend "
        f"WHERE refobjid = {quoted(name)}::{kind} AND deptype = 'n'"
    )


def freed(table: str, schema: Schema) -> tuple[str, ...]:
    """The drops, each by name, of what is known to depend on a table: foreign keys and views."""
    return tuple(_freed(table, schema))


def _freed(table: str, schema: Schema) -> Iterator[str]:
    for other, key in schema.referencing(table):
        if other.name != table:
            yield f"ALTER TABLE {other.name} DROP CONSTRAINT {key.name}"
    for other in schema.around(table):
        if table in other.reads:
            yield f"DROP {other.kind.upper()} {other.name}"


def misfits(column: Column, new: DataType, table: str) -> str | None:
    """A question: how many values do not fit the new type."""
    name, size = column.name, new.modifiers[0] if new.modifiers else None
    if new.name in ("varchar", "bpchar") and size is not None:
        return f"SELECT count(*) FROM {table} WHERE length({name}::text) > {size}"
    if new.name in _WHOLE:
        low, high = _WHOLE[new.name]
        return f"SELECT count(*) FROM {table} WHERE {name}::numeric NOT BETWEEN {low} AND {high}"
    if new.name == "numeric" and size is not None:
        scale = new.modifiers[1] if len(new.modifiers) > 1 else 0
        return f"SELECT count(*) FROM {table} WHERE abs({name}) >= 1e{size - scale}"
    return None


def broken_by(table: str, made: Constraint, schema: Schema) -> str | None:
    """A question: how many rows break a constraint, so how often the application writes such."""
    columns = ", ".join(made.columns)
    match made.kind:
        case ConstraintKind.CHECK if made.clause.upper().startswith("CHECK"):
            return f"SELECT count(*) FROM {table} WHERE NOT {made.clause[5:].strip()}"
        case ConstraintKind.NOT_NULL:
            return f"SELECT count(*) FROM {table} WHERE {made.columns[0]} IS NULL"
        case ConstraintKind.UNIQUE | ConstraintKind.PRIMARY_KEY if columns:
            return f"SELECT {columns}, count(*) FROM {table} GROUP BY {columns} HAVING count(*) > 1"
        case ConstraintKind.FOREIGN_KEY if made.references:
            other = schema.tables.get(made.references)
            theirs = made.referenced_columns or key_of(other)
            pairs = zip(made.columns, theirs, strict=False)
            meet = " AND ".join(f"theirs.{right} = mine.{left}" for left, right in pairs)
            there = " AND ".join(f"mine.{each} IS NOT NULL" for each in made.columns)
            return (
                f"SELECT count(*) FROM {table} mine WHERE {there} "
                f"AND NOT EXISTS (SELECT FROM {made.references} theirs WHERE {meet})"
                if meet
                else None
            )
        case _:
            return None


def renumbered(path: str, revision: str, taken: Iterable[str]) -> tuple[str, ...]:
    """The command that gives a file the next free number; empty where its number is not part of its name."""
    folder, slash, name = path.rpartition("/")
    digits = "".join(each for each in revision if each.isdigit())
    if not digits or digits != revision or digits not in name:
        return ()
    highest = max(int(each) for each in (*taken, revision) if each.isdigit())
    new = name.replace(digits, str(highest + 1).zfill(len(digits)), 1)
    return (f"git mv {shlex.quote(path)} {shlex.quote(folder + slash + new)}",)

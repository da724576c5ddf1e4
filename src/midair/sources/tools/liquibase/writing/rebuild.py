"""Changes that SQLite's ALTER TABLE lacks: the table is made anew, as Liquibase does it there, and nothing of it is lost.

Liquibase's own way keeps columns, the key and plain indexes; it loses UNIQUE and CHECK constraints, triggers, and the
default and NOT NULL of an added column. Here they stay.
"""

from collections.abc import Iterator

from midair.dialects.sqlite.definition import Definition, with_default, with_key
from midair.dialects.sqlite.rebuild import defined, rebuilt
from midair.errors import BadMigration
from midair.sources.tools.liquibase.fields import REBUILDS
from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.columns import add_column, definition
from midair.sources.tools.liquibase.writing.constraints import foreign_key, key_name
from midair.sources.tools.liquibase.writing.writer import Writer, required


def needs_rebuild(change: Change) -> bool:
    """Whether SQLite has no ALTER TABLE for it."""
    if change.name == "addColumn":
        return any(map(_constrained, change.columns or ()))
    return change.name in REBUILDS


def rebuilding(change: Change, to: Writer) -> Iterator[str]:
    """The statements of the change.

    Raises:
        BadMigration: the table or the column is not there, or there is no database to see the table in.
    """
    table = required(change, "tableName")
    before = defined(to.shadow, table) if to.shadow else None
    if to.shadow is None or before is None:
        raise BadMigration(
            f"{change.span} {change.name} makes the table {table} anew, and there is none",
            hint="create it before, under this name",
        )
    yield from rebuilt(to.shadow, table, to.name, _after(change, before, to))
    if change.name == "addColumn":
        # values are written as after any ADD
        yield from (sql for sql in add_column(change, to) if sql.startswith("UPDATE "))


def _after(change: Change, before: Definition, to: Writer) -> Definition:
    if change.name == "addColumn":
        for each in change.columns or ():
            before = _with_added(before, each, change, to)
        return before
    column = required(change, "columnName")
    if before.column(column) is None:
        raise BadMigration(
            f"{change.span} {required(change, 'tableName')} has no column {column}", hint="name one it has"
        )
    if change.name == "addDefaultValue":
        literal = to.default(change, change.get("columnDataType")) or "NULL"
        return before.changed(column, lambda written: with_default(written, literal))
    return _numbered(before, column, change, to)


def _numbered(before: Definition, column: str, change: Change, to: Writer) -> Definition:
    """The column as the table's key that numbers itself; the type must be INTEGER for that, in this very word."""
    name = to.name(key_name(required(change, "tableName"), to))
    if (key := before.primary_key()) is not None:
        before = before.without(key)
    return before.changed(
        column, lambda written: with_key(written, f"CONSTRAINT {name} PRIMARY KEY AUTOINCREMENT")
    )


def _constrained(part: Part) -> bool:
    return (
        part.constrained("primaryKey")
        or part.constrained("unique")
        or bool(part.constraint("references") or part.constraint("referencedTableName"))
    )


def _with_added(before: Definition, part: Part, change: Change, to: Writer) -> Definition:
    key, automatic = part.constrained("primaryKey"), part.flag("autoIncrement")
    after = before.with_column(definition(part, change, to, inline_key=key and automatic))
    if key and not automatic:
        name = part.constraint("primaryKeyName") or key_name(required(change, "tableName"), to)
        after = after.with_constraint(f"CONSTRAINT {to.name(name)} PRIMARY KEY ({to.name(part.name)})")
    if part.constrained("unique"):
        after = after.with_constraint(f"UNIQUE ({to.name(part.name)})")
    if part.constraint("references") or part.constraint("referencedTableName"):
        after = after.with_constraint(foreign_key(part, to))
    return after

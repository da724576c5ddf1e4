"""Keys, foreign keys, unique constraints and lookup tables."""

import re
from collections.abc import Iterator

from midair.errors import Unsupported
from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.writer import Writer, required

_REFERENCE = re.compile(r"\s*([^(]+?)\s*\(([^)]*)\)\s*")
_LOOK_UP_KEY = """DO $$ DECLARE constraint_name varchar;
BEGIN
  SELECT tc.CONSTRAINT_NAME into strict constraint_name
    FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS tc
    WHERE CONSTRAINT_TYPE = 'PRIMARY KEY'
      AND TABLE_NAME = '{plain}' AND TABLE_SCHEMA = '{schema}';
    EXECUTE 'alter table {table} drop constraint "' || constraint_name || '"';
END $$;"""


_DROP_ALL_ON_MARIADB = (
    "BEGIN NOT ATOMIC DECLARE drops longtext DEFAULT (SELECT group_concat(concat('DROP FOREIGN KEY `',"
    " replace(constraint_name, '`', '``'), '`') SEPARATOR ', ') FROM information_schema.table_constraints"
    " WHERE constraint_type = 'FOREIGN KEY' AND table_schema = {schema} AND table_name = {name});"
    " IF drops IS NOT NULL THEN EXECUTE IMMEDIATE concat({alter}, drops); END IF; END"
)
_DROP_ALL_FOREIGN_KEYS = """DO $$ DECLARE key name;
BEGIN
  FOR key IN SELECT conname FROM pg_catalog.pg_constraint
    WHERE contype = 'f' AND conrelid = {literal}::pg_catalog.regclass ORDER BY conname
  LOOP
    EXECUTE pg_catalog.format('ALTER TABLE {table} DROP CONSTRAINT %I', key);
  END LOOP;
END $$;"""
"""Liquibase reads the names and sends one statement each; this does the same in the server."""


def key_name(table: str, to: Writer) -> str:
    """The name an unnamed primary key gets."""
    return f"{table}_pkey" if to.is_postgresql else f"PK_{table}".upper()


def foreign_key(part: Part, to: Writer, *, spaced: bool = False) -> str:
    """A column's own foreign key. `spaced`: as ALTER TABLE has it, with a blank before the columns."""
    reference = part.constraint("references")
    schema = part.constraint("referencedTableSchemaName")
    if reference and (found := _REFERENCE.fullmatch(reference)):
        name, columns = found.groups()
        if "." in name:
            schema, _, name = name.rpartition(".")
    else:
        name, columns = (
            part.constraint("referencedTableName") or reference or "",
            part.constraint("referencedColumnNames") or "",
        )
    inside = ", ".join(to.name(each.strip()) for each in columns.split(",") if each.strip())
    blank = " " if spaced else ""
    named = part.constraint("foreignKeyName")
    sql = f"CONSTRAINT {to.name(named)} " if named else ""
    sql += f"FOREIGN KEY ({to.name(part.name)}) REFERENCES {to.qualified(name, schema)}{blank}({inside})"
    if part.constrained("deleteCascade"):
        sql += " ON DELETE CASCADE"
    if to.is_postgresql and spaced:
        return sql + _deferral(part.constrained("deferrable"), part.constrained("initiallyDeferred"))
    sql += " INITIALLY DEFERRED" if part.constrained("initiallyDeferred") else ""
    return sql + (" DEFERRABLE" if part.constrained("deferrable") else "")


def _deferral(deferrable: bool, initially: bool) -> str:
    return (" DEFERRABLE" if deferrable else "") + (" INITIALLY DEFERRED" if initially else "")


def add_primary_key(change: Change, to: Writer) -> Iterator[str]:
    name = change.get("constraintName")
    named = f"CONSTRAINT {to.name(name)} " if name and not to.is_mysql else ""
    space = change.get("tablespace")
    using = f" USING INDEX TABLESPACE {space}" if space and to.is_postgresql else ""
    yield f"ALTER TABLE {to.of(change)} ADD {named}PRIMARY KEY ({to.names(required(change, 'columnNames'))}){using}"
    if to.is_postgresql and change.flag("clustered") and name:
        yield f"CLUSTER {to.of(change)} USING {to.name(name)}"


def drop_primary_key(change: Change, to: Writer) -> Iterator[str]:
    """Without a name, PostgreSQL must look it up."""
    name, table = change.get("constraintName"), to.of(change)
    if to.is_mysql:
        yield f"ALTER TABLE {table} DROP PRIMARY KEY"
    elif name:
        yield f"ALTER TABLE {table} DROP CONSTRAINT {to.name(name)}"
    else:
        schema = change.get("schemaName") or to.default_schema or "public"
        plain = to.folded(required(change, "tableName"))
        yield _LOOK_UP_KEY.format(
            plain=plain.replace("'", "''"),
            schema=to.folded(schema).replace("'", "''"),
            table=table.replace("'", "''"),
        )


def add_foreign_key(change: Change, to: Writer) -> Iterator[str]:
    base = to.of(change, "baseTableName", "baseTableSchemaName")
    other = to.qualified(
        required(change, "referencedTableName"),
        change.get("referencedTableSchemaName")
        or (change.get("referencedTableCatalogName") if to.is_mysql else None),
    )
    sql = f"ALTER TABLE {base} ADD CONSTRAINT {to.name(required(change, 'constraintName'))} FOREIGN KEY"
    sql += f" ({to.names(required(change, 'baseColumnNames'))}) REFERENCES {other}"
    sql += f" ({to.names(required(change, 'referencedColumnNames'))})"
    update, delete = change.get("onUpdate"), change.get("onDelete")
    if change.get("deleteCascade") is not None:
        # Liquibase takes neither when both are given
        delete = "CASCADE" if change.flag("deleteCascade") and delete is None else None
    sql += f" ON UPDATE {update}" if update else ""
    sql += f" ON DELETE {delete}" if delete else ""
    if not to.is_mysql:
        sql += _deferral(change.flag("deferrable"), change.flag("initiallyDeferred"))
    yield sql + (" NOT VALID" if to.is_postgresql and not change.flag("validate", True) else "")


def drop_foreign_key(change: Change, to: Writer) -> Iterator[str]:
    word = "FOREIGN KEY" if to.is_mysql else "CONSTRAINT"
    base = to.of(change, "baseTableName", "baseTableSchemaName")
    yield f"ALTER TABLE {base} DROP {word} {to.name(required(change, 'constraintName'))}"


def drop_all_foreign_keys(change: Change, to: Writer) -> Iterator[str]:
    """Whatever foreign keys the table has when its turn comes.

    Raises:
        Unsupported: the server cannot look them up by itself.
    """
    table = to.of(change, "baseTableName", "baseTableSchemaName")
    if to.dbms == "mariadb":
        schema = change.get("baseTableSchemaName") or change.get("baseTableCatalogName") or to.default_schema
        yield _DROP_ALL_ON_MARIADB.format(
            schema=to.text(schema) if schema else "database()",
            name=to.text(required(change, "baseTableName")),
            alter=to.text(f"ALTER TABLE {table} "),
        )
        return
    if not to.is_postgresql:
        raise Unsupported(
            f"{change.span} dropAllForeignKeyConstraints reads the catalog for the names it drops",
            state="nothing was changed",
            hint="SQLite cannot drop them, and Liquibase fails there: make the table anew with <sql>"
            if to.is_sqlite
            else "name them with dropForeignKeyConstraint, or run that changeSet with Liquibase",
        )
    inside = table.replace("'", "''").replace("%", "%%")
    yield _DROP_ALL_FOREIGN_KEYS.format(literal=to.text(table), table=inside)


def add_unique(change: Change, to: Writer) -> Iterator[str]:
    """The constraint, of an index that is there already where one is named.

    Liquibase writes `UNIQUE (a) USING INDEX i` then, and 4.29 a tablespace behind DEFERRABLE: no server takes either.
    """
    name, index, space = (change.get(each) for each in ("constraintName", "forIndexName", "tablespace"))
    named = f"CONSTRAINT {to.name(name)} " if name else ""
    columns = f"UNIQUE ({to.names(required(change, 'columnNames'))})"
    sql = f"ALTER TABLE {to.of(change)} ADD {named}"
    if not to.is_postgresql:
        yield sql + columns
        return
    placed = f" USING INDEX TABLESPACE {space}" if space else ""
    late = _deferral(change.flag("deferrable"), change.flag("initiallyDeferred"))
    yield sql + (f"UNIQUE USING INDEX {to.name(index)}" if index else columns + placed) + late


def drop_unique(change: Change, to: Writer) -> Iterator[str]:
    word = "KEY" if to.is_mysql else "CONSTRAINT"
    yield f"ALTER TABLE {to.of(change)} DROP {word} {to.name(required(change, 'constraintName'))}"


def add_lookup_table(change: Change, to: Writer) -> Iterator[str]:
    """A table of the distinct values of a column, which then refers to it."""
    old = to.of(change, "existingTableName", "existingTableSchemaName")
    new = to.of(change, "newTableName", "newTableSchemaName")
    old_column, column = (
        to.name(required(change, "existingColumnName")),
        to.name(required(change, "newColumnName")),
    )
    yield f"CREATE TABLE {new} AS SELECT DISTINCT {old_column} AS {column} FROM {old} WHERE {old_column} IS NOT NULL"
    if to.is_mysql:
        yield f"ALTER TABLE {new} MODIFY {column} {to.type(required(change, 'newColumnDataType'))} NOT NULL"
    elif to.is_postgresql:
        yield f"ALTER TABLE {new} ALTER COLUMN  {column} SET NOT NULL"
    yield f"ALTER TABLE {new} ADD PRIMARY KEY ({column})"
    yield f"ALTER TABLE {old} ADD CONSTRAINT {_lookup_name(change, to)} FOREIGN KEY ({old_column}) REFERENCES {new} ({column})"


def _lookup_name(change: Change, to: Writer) -> str:
    name = change.get("constraintName")
    return to.name(
        name or f"FK_{required(change, 'existingTableName')}_{required(change, 'newTableName')}".upper()
    )


def undo_lookup_table(change: Change, to: Writer) -> Iterator[str]:
    old = to.of(change, "existingTableName", "existingTableSchemaName")
    word = "FOREIGN KEY" if to.is_mysql else "CONSTRAINT"
    yield f"ALTER TABLE {old} DROP {word} {_lookup_name(change, to)}"
    yield f"DROP TABLE {to.of(change, 'newTableName', 'newTableSchemaName')}"


WRITES = {
    "addPrimaryKey": add_primary_key,
    "dropPrimaryKey": drop_primary_key,
    "addForeignKeyConstraint": add_foreign_key,
    "dropForeignKeyConstraint": drop_foreign_key,
    "dropAllForeignKeyConstraints": drop_all_foreign_keys,
    "addUniqueConstraint": add_unique,
    "dropUniqueConstraint": drop_unique,
    "addLookupTable": add_lookup_table,
}
UNDOES = {
    "addPrimaryKey": drop_primary_key,
    "addForeignKeyConstraint": drop_foreign_key,
    "addUniqueConstraint": drop_unique,
    "addLookupTable": undo_lookup_table,
}

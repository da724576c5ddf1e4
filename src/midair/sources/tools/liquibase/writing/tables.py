"""createTable, dropTable, renameTable, remarks."""

from collections.abc import Iterator

from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.columns import definition
from midair.sources.tools.liquibase.writing.constraints import foreign_key, key_name
from midair.sources.tools.liquibase.writing.writer import Writer, required


def create_table(change: Change, to: Writer) -> Iterator[str]:
    """The table, then its comments."""
    table = to.of(change)
    columns = change.columns or ()
    keys = [each for each in columns if each.constrained("primaryKey")]
    inline = to.is_sqlite and len(keys) == 1 and keys[0].flag("autoIncrement")
    parts = [definition(each, change, to, inline_key=inline) for each in columns]
    parts += [] if inline or not keys else [_primary_key(change, keys, to)]
    parts += [foreign_key(each, to) for each in columns if _refers(each)]
    parts += _uniques(columns, to)
    kind = f"{change.get('tableType')} " if change.get("tableType") else ""
    missing = "IF NOT EXISTS " if change.flag("ifNotExists") else ""
    sql = f"CREATE {kind}TABLE {missing}{table} ({', '.join(parts)})"
    yield sql + _tail(change, to)
    yield from _comments(change, table, to)


def _tail(change: Change, to: Writer) -> str:
    space = change.get("tablespace")
    if space and to.is_postgresql:
        return f" TABLESPACE {space}"
    if not to.is_mysql:
        return ""
    starts = [each.get("startWith") for each in change.columns or () if each.flag("autoIncrement")]
    start = f" AUTO_INCREMENT={starts[0]}" if starts and starts[0] else ""
    remarks = change.get("remarks")
    return start + (f" COMMENT={to.text(remarks)}" if remarks else "")


def _comments(change: Change, table: str, to: Writer) -> Iterator[str]:
    if not to.is_postgresql:
        return
    if remarks := change.get("remarks"):
        yield f"COMMENT ON TABLE {table} IS {to.text(remarks)}"
    for each in change.columns or ():
        if remarks := each.get("remarks"):
            yield f"COMMENT ON COLUMN {table}.{to.name(each.name)} IS {to.text(remarks)}"


def _primary_key(change: Change, keys: list[Part], to: Writer) -> str:
    named = next((name for each in keys if (name := each.constraint("primaryKeyName"))), None)
    name = to.name(named or key_name(required(change, "tableName"), to))
    space = next((found for each in keys if (found := each.constraint("primaryKeyTablespace"))), None)
    using = f" USING INDEX TABLESPACE {space}" if space and to.is_postgresql else ""
    late = " INITIALLY DEFERRED" if any(each.constrained("initiallyDeferred") for each in keys) else ""
    late += " DEFERRABLE" if any(each.constrained("deferrable") for each in keys) else ""
    inside = ", ".join(to.name(each.name) for each in keys)
    return f"CONSTRAINT {name} PRIMARY KEY ({inside}){using}{late if to.is_postgresql else ''}"


def _refers(part: Part) -> bool:
    return bool(part.constraint("references") or part.constraint("referencedTableName"))


def _uniques(columns: tuple[Part, ...], to: Writer) -> list[str]:
    groups: dict[str, list[str]] = {}
    for index, each in enumerate(columns):
        if each.constrained("unique"):
            name = each.constraint("uniqueConstraintName")
            groups.setdefault(name or f"\0{index}", []).append(to.name(each.name))
    return [
        ("" if name.startswith("\0") else f"CONSTRAINT {to.name(name)} ") + f"UNIQUE ({', '.join(members)})"
        for name, members in groups.items()
    ]


def drop_table(change: Change, to: Writer) -> Iterator[str]:
    """With CASCADE where it is asked for and known."""
    cascade = " CASCADE" if change.flag("cascadeConstraints") and to.is_postgresql else ""
    yield f"DROP TABLE {to.of(change)}{cascade}"


def rename_table(change: Change, to: Writer) -> Iterator[str]:
    """The new name is written without its schema, on MySQL with it."""
    yield _renamed(change, required(change, "oldTableName"), required(change, "newTableName"), to)


def _renamed(change: Change, old: str, new: str, to: Writer) -> str:
    schema = change.get("schemaName")
    if to.is_mysql:
        return f"ALTER TABLE {to.qualified(old, schema)} RENAME {to.qualified(new, schema)}"
    return f"ALTER TABLE {to.qualified(old, schema)} RENAME TO {to.name(new)}"


def set_table_remarks(change: Change, to: Writer) -> Iterator[str]:
    """A comment; SQLite has none."""
    remarks = to.text((change.get("remarks") or "").strip())
    if to.is_mysql:
        yield f"ALTER TABLE {to.of(change)} COMMENT = {remarks}"
    elif to.is_postgresql:
        yield f"COMMENT ON TABLE {to.of(change)} IS {remarks}"


def set_column_remarks(change: Change, to: Writer) -> Iterator[str]:
    """A comment; MySQL must be told the type again."""
    remarks, column = to.text((change.get("remarks") or "").strip()), to.name(required(change, "columnName"))
    if to.is_mysql:
        kind = to.type(required(change, "columnDataType"))
        yield f"ALTER TABLE {to.of(change)} MODIFY COLUMN {column} {kind} COMMENT {remarks}"
    elif to.is_postgresql:
        yield f"COMMENT ON COLUMN {to.of(change)}.{column} IS {remarks}"


def undo_create_table(change: Change, to: Writer) -> Iterator[str]:
    yield f"DROP TABLE {to.of(change)}"


def undo_rename_table(change: Change, to: Writer) -> Iterator[str]:
    yield _renamed(change, required(change, "newTableName"), required(change, "oldTableName"), to)


WRITES = {
    "createTable": create_table,
    "dropTable": drop_table,
    "renameTable": rename_table,
    "setTableRemarks": set_table_remarks,
    "setColumnRemarks": set_column_remarks,
}
UNDOES = {"createTable": undo_create_table, "renameTable": undo_rename_table}

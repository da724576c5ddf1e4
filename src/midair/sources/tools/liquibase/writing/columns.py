"""Columns: defined, added, dropped, renamed, retyped; NOT NULL, defaults, automatic numbers."""

from collections.abc import Iterator

from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.constraints import foreign_key, key_name
from midair.sources.tools.liquibase.writing.types import is_serial
from midair.sources.tools.liquibase.writing.writer import Writer, required


def definition(
    part: Part, change: Change, to: Writer, *, inline_key: bool = False, late_null: bool = False
) -> str:
    """A column as CREATE TABLE or ADD has it. `late_null`: NOT NULL is set afterwards, when it has a value."""
    kind = part.get("type") or ""
    words = [to.name(part.name)]
    automatic = part.flag("autoIncrement") or is_serial(kind)
    key = part.constrained("primaryKey")
    words.append("INTEGER" if inline_key and automatic else to.type(kind))
    if automatic:
        words += _automatic(part, change, to, inline_key=inline_key and key)
    elif (default := to.default(part, kind, change.get("schemaName"))) is not None:
        words.append(f"DEFAULT {default}")
    required_value = (part.constraint("nullable") == "false" or key) and not late_null
    if required_value:
        words.append("NOT NULL")
    elif to.is_mysql:
        words.append("NULL")
    if to.is_mysql and (remarks := part.get("remarks")):
        words.append(f"COMMENT {to.text(remarks)}")
    return " ".join(words)


def _automatic(part: Part, change: Change, to: Writer, *, inline_key: bool) -> Iterator[str]:
    if to.is_postgresql:
        start, step = part.get("startWith"), part.get("incrementBy")
        inside = [f"START WITH {start}"] if start else []
        inside += [f"INCREMENT BY {step}"] if step else []
        always = (part.get("generationType") or "").upper() == "ALWAYS"
        yield f"GENERATED {'ALWAYS' if always else 'BY DEFAULT'} AS IDENTITY" + (
            f" ({' '.join(inside)})" if inside else ""
        )
    elif to.is_sqlite and inline_key:
        name = part.constraint("primaryKeyName") or key_name(required(change, "tableName"), to)
        yield f"CONSTRAINT {to.name(name)} PRIMARY KEY AUTOINCREMENT"
    elif to.is_mysql:
        yield "AUTO_INCREMENT"


def add_column(change: Change, to: Writer) -> Iterator[str]:
    """Columns, then values, NOT NULL, constraints and comments."""
    table, columns = to.of(change), change.columns or ()
    if to.is_mysql:
        yield f"ALTER TABLE {table} " + ", ".join(f"ADD {_added(each, change, to)}" for each in columns)
    for each in columns:
        if not to.is_mysql:
            yield f"ALTER TABLE {table} ADD {_added(each, change, to)}"
        yield from _constraints(table, each, change, to)
    schema = change.get("schemaName")
    for each in columns:
        if (value := to.value(each, schema)) is not None:
            yield f"UPDATE {table} SET {to.name(each.name)} = {value}"
    for each in columns:
        if _late(each, to):
            yield from _not_null(table, each, to)
    if to.is_postgresql:
        for each in columns:
            if remarks := each.get("remarks"):
                yield f"COMMENT ON COLUMN {table}.{to.name(each.name)} IS {to.text(remarks)}"


def _late(part: Part, to: Writer) -> bool:
    return part.constraint("nullable") == "false" and to.value(part) is not None


def _added(part: Part, change: Change, to: Writer) -> str:
    text = definition(part, change, to, late_null=_late(part, to))
    if part.constrained("primaryKey") and not to.is_mysql:
        text += " PRIMARY KEY"
    if to.is_mysql and (after := part.get("afterColumn")):
        text += f" AFTER {to.name(after)}"
    return text


def _not_null(table: str, part: Part, to: Writer) -> Iterator[str]:
    column = to.name(part.name)
    if to.is_mysql:
        yield f"ALTER TABLE {table} MODIFY {column} {to.type(part.get('type') or '')} NOT NULL"
        if (default := to.default(part, part.get("type"))) is not None:
            yield f"ALTER TABLE {table} ALTER {column} SET DEFAULT {default}"
    else:
        yield f"ALTER TABLE {table} ALTER COLUMN  {column} SET NOT NULL"


def _constraints(table: str, part: Part, change: Change, to: Writer) -> Iterator[str]:
    if part.constrained("unique"):
        name = part.constraint("uniqueConstraintName")
        named = f"CONSTRAINT {to.name(name)} " if name else ""
        yield f"ALTER TABLE {table} ADD {named}UNIQUE ({to.name(part.name)})"
    if part.constraint("references") or part.constraint("referencedTableName"):
        yield f"ALTER TABLE {table} ADD {foreign_key(part, to, spaced=True)}"


def drop_column(change: Change, to: Writer) -> Iterator[str]:
    """One statement each; MySQL takes several in one."""
    names = [each.name for each in change.columns] if change.columns else [required(change, "columnName")]
    table = to.of(change)
    if to.is_mysql and len(names) > 1:
        yield f"ALTER TABLE {table} " + ", ".join(f"DROP {to.name(each)}" for each in names)
        return
    yield from (f"ALTER TABLE {table} DROP COLUMN {to.name(each)}" for each in names)


def rename_column(change: Change, to: Writer) -> Iterator[str]:
    yield _renamed(change, "oldColumnName", "newColumnName", to)


def _renamed(change: Change, old_key: str, new_key: str, to: Writer) -> str:
    old, new = to.name(required(change, old_key)), to.name(required(change, new_key))
    if to.is_mysql:
        return f"ALTER TABLE {to.of(change)} CHANGE {old} {new} {to.type(required(change, 'columnDataType'))}"
    return f"ALTER TABLE {to.of(change)} RENAME COLUMN {old} TO {new}"


def modify_data_type(change: Change, to: Writer) -> Iterator[str]:
    column, kind = to.name(required(change, "columnName")), to.type(required(change, "newDataType"))
    if to.is_mysql:
        yield f"ALTER TABLE {to.of(change)} MODIFY {column} {kind}"
    else:
        yield f"ALTER TABLE {to.of(change)} ALTER COLUMN {column} TYPE {kind} USING ({column}::{kind})"


def add_not_null(change: Change, to: Writer) -> Iterator[str]:
    column, value = to.name(required(change, "columnName")), change.get("defaultNullValue")
    if value is not None and value.lower() != "null":
        plain = _is_number(value, change.get("columnDataType")) or to.is_now(value)
        literal = value if plain else to.text(value)
        yield f"UPDATE {to.of(change)} SET {column} = {literal} WHERE {column} IS NULL"
    yield _nullability(change, to, "SET NOT NULL", "NOT NULL")


def _is_number(value: str, kind: str | None) -> bool:
    from midair.sources.tools.liquibase.writing.types import family_of

    numeric = {"int", "bigint", "smallint", "tinyint", "number", "decimal", "double", "float", "currency"}
    return bool(kind) and family_of(kind or "") in numeric and value.lstrip("-").replace(".", "", 1).isdigit()


def drop_not_null(change: Change, to: Writer) -> Iterator[str]:
    yield _nullability(change, to, "DROP NOT NULL", "NULL")


def _nullability(change: Change, to: Writer, words: str, mysql_words: str) -> str:
    column = to.name(required(change, "columnName"))
    if to.is_mysql:
        return f"ALTER TABLE {to.of(change)} MODIFY {column} {to.type(required(change, 'columnDataType'))} {mysql_words}"
    return f"ALTER TABLE {to.of(change)} ALTER COLUMN  {column} {words}"


def undo_add_not_null(change: Change, to: Writer) -> Iterator[str]:
    yield _nullability(change, to, "DROP NOT NULL", "NULL")


def undo_drop_not_null(change: Change, to: Writer) -> Iterator[str]:
    yield _nullability(change, to, "SET NOT NULL", "NOT NULL")


def add_default(change: Change, to: Writer) -> Iterator[str]:
    column, table = to.name(required(change, "columnName")), to.of(change)
    default = to.default(change, change.get("columnDataType"), change.get("schemaName")) or "NULL"
    if to.is_mysql:
        yield f"ALTER TABLE {table} ALTER {column} SET DEFAULT {'(CURRENT_TIMESTAMP)' if default == 'NOW()' else default}"
        return
    yield f"ALTER TABLE {table} ALTER COLUMN  {column} SET DEFAULT {default}"
    if sequence := change.get("defaultValueSequenceNext"):
        full = sequence if "." in sequence else to.qualified(sequence, change.get("schemaName"))
        yield f"ALTER SEQUENCE {full} OWNED BY {table}.{column}"


def drop_default(change: Change, to: Writer) -> Iterator[str]:
    word = "ALTER" if to.is_mysql else "ALTER COLUMN"
    yield f"ALTER TABLE {to.of(change)} {word} {to.name(required(change, 'columnName'))} DROP DEFAULT"


def add_auto_increment(change: Change, to: Writer) -> Iterator[str]:
    table, column, start = to.of(change), to.name(required(change, "columnName")), change.get("startWith")
    if to.is_mysql:
        yield f"ALTER TABLE {table} MODIFY {column} {to.type(required(change, 'columnDataType'))} AUTO_INCREMENT"
        if start:
            yield f"ALTER TABLE {table} AUTO_INCREMENT={start}"
        return
    name = f"{to.folded(required(change, 'tableName'))}_{to.folded(required(change, 'columnName'))}_seq"
    sequence = to.qualified(name, change.get("schemaName"))
    step = f" INCREMENT BY {change.get('incrementBy')}" if change.get("incrementBy") else ""
    yield f"CREATE SEQUENCE  IF NOT EXISTS {sequence}" + (f" START WITH {start}" if start else "") + step
    yield f"ALTER TABLE {table} ALTER COLUMN  {column} SET NOT NULL"
    yield f"ALTER TABLE {table} ALTER COLUMN  {column} SET DEFAULT nextval('{sequence}')"
    yield f"ALTER SEQUENCE {sequence} OWNED BY {table}.{column}"


def merge_columns(change: Change, to: Writer) -> Iterator[str]:
    table, final = to.of(change), to.name(required(change, "finalColumnName"))
    first, second = to.name(required(change, "column1Name")), to.name(required(change, "column2Name"))
    null = " NULL" if to.is_mysql else ""
    yield f"ALTER TABLE {table} ADD {final} {to.type(required(change, 'finalColumnType'))}{null}"
    joined = to.text(change.get("joinString") or "")
    if to.is_mysql:
        yield f"UPDATE {table} SET {final} = CONCAT_WS({joined}, {first}, {second})"
    else:
        yield f"UPDATE {table} SET {final} = {first} || {joined} || {second}"
    yield f"ALTER TABLE {table} DROP COLUMN {first}"
    yield f"ALTER TABLE {table} DROP COLUMN {second}"


def undo_add_column(change: Change, to: Writer) -> Iterator[str]:
    """Foreign keys and defaults go first, then the columns."""
    table, columns = to.of(change), change.columns or ()
    word = "ALTER" if to.is_mysql else "ALTER COLUMN"
    if not to.is_sqlite:
        for each in columns:
            if to.default(each, each.get("type")) is not None:
                yield f"ALTER TABLE {table} {word} {to.name(each.name)} DROP DEFAULT"
    if to.is_mysql and len(columns) > 1:
        yield f"ALTER TABLE {table} " + ", ".join(f"DROP {to.name(each.name)}" for each in columns)
        return
    yield from (f"ALTER TABLE {table} DROP COLUMN {to.name(each.name)}" for each in columns)


def undo_rename_column(change: Change, to: Writer) -> Iterator[str]:
    yield _renamed(change, "newColumnName", "oldColumnName", to)


WRITES = {
    "addColumn": add_column,
    "dropColumn": drop_column,
    "renameColumn": rename_column,
    "modifyDataType": modify_data_type,
    "addNotNullConstraint": add_not_null,
    "dropNotNullConstraint": drop_not_null,
    "addDefaultValue": add_default,
    "dropDefaultValue": drop_default,
    "addAutoIncrement": add_auto_increment,
    "mergeColumns": merge_columns,
}
UNDOES = {
    "addColumn": undo_add_column,
    "renameColumn": undo_rename_column,
    "addNotNullConstraint": undo_add_not_null,
    "dropNotNullConstraint": undo_drop_not_null,
    "addDefaultValue": drop_default,
}

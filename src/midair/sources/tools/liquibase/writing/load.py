"""loadData and loadUpdateData: rows of a CSV file (liquibase.md §2.5)."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.errors import BadMigration
from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.parts import date_text
from midair.sources.tools.liquibase.writing.types import family_of
from midair.sources.tools.liquibase.writing.writer import Writer, required

_WHOLE = {"int", "bigint", "smallint", "tinyint"}
_FRACTIONS = {"number", "decimal", "double", "float", "real", "currency"}
_DATES = {"date", "time", "datetime", "timestamp", "timestamptz"}
_TRUE = {"true", "t", "1", "yes", "y"}
_FALSE = {"false", "f", "0", "no", "n"}


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the file: its name in the table, the kind its values are taken as, and what the changelog says."""

    name: str
    kind: str
    part: Part | None


def load_data(change: Change, to: Writer) -> Iterator[str]:
    """One INSERT with all rows; on SQLite one a row."""
    columns, rows = _read(change, to)
    shown = [each for each in columns if each.kind != "SKIP"]
    names = ", ".join(to.name(each.name) for each in shown)
    table = to.of(change)
    values = [f"({', '.join(_literals(columns, row, to))})" for row in rows]
    if not values:
        return
    if to.is_sqlite:
        yield from (f"INSERT INTO {table} ({names}) VALUES {each}" for each in values)
    else:
        yield f"INSERT INTO {table} ({names}) VALUES {','.join(values)};"


def load_update_data(change: Change, to: Writer) -> Iterator[str]:
    """Each row updated where its key is there, else inserted."""
    columns, rows = _read(change, to)
    keys = {each.strip().lower() for each in required(change, "primaryKey").split(",")}
    shown = [each for each in columns if each.kind != "SKIP"]
    names = [to.name(each.name) for each in shown]
    key_names = {to.name(each.name) for each in shown if each.name.lower() in keys}
    fixed = {
        to.name(each.name)
        for each in shown
        if each.part is not None and each.part.get("allowUpdate") == "false"
    }
    for row in rows:
        values = dict(zip(names, _literals(columns, row, to), strict=True))
        kept = {name: value for name, value in values.items() if name not in key_names | fixed}
        yield _upsert(change, values, kept, key_names, to)


def _upsert(change: Change, values: dict[str, str], kept: dict[str, str], keys: set[str], to: Writer) -> str:
    table = to.of(change)
    sets = ", ".join(f"{name} = {value}" for name, value in kept.items())
    where = " AND ".join(f"{name} = {value}" for name, value in values.items() if name in keys)
    update = f"UPDATE {table} SET {sets} WHERE {where}"
    insert = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
    if change.flag("onlyUpdate"):
        return update
    if to.is_sqlite:
        return f"INSERT OR REPLACE INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())});"
    if to.is_mysql:
        return f"{insert}\nON DUPLICATE KEY UPDATE {','.join(f'{name} = {value}' for name, value in kept.items())}"
    first = (
        f"{update};\nIF not found THEN\n"
        if kept
        else f"IF NOT EXISTS (SELECT 1 FROM {table} WHERE {where}) THEN\n"
    )
    return f"DO\n$$\nBEGIN\n{first}{insert};\nEND IF;\nEND;\n$$\nLANGUAGE plpgsql;"


def _read(change: Change, to: Writer) -> tuple[list[_Column], list[list[str]]]:
    records = _records(change, to)
    if not records:
        raise BadMigration(
            f"{change.span} {change.get('file')} is empty", hint="its first line names the columns"
        )
    _, header = records[0]
    columns = _columns(change, [each.strip() for each in header], to)
    rows: list[list[str]] = []
    for line, record in records[1:]:
        if len(record) != len(header):
            raise BadMigration(
                f"{change.span} {change.get('file')}:{line} has {len(record)} fields, its header {len(header)}",
                hint="quote fields that hold the separator",
            )
        rows.append(record)
    return columns, rows


def _records(change: Change, to: Writer) -> list[tuple[int, list[str]]]:
    text = to.files.text(change, "file")
    separator = (change.get("separator") or ",").replace("\\t", "\t").replace("tab", "\t")
    quote = (change.get("quotchar") or '"')[:1]
    comment = change.get("commentLineStartsWith")
    comment = "#" if comment is None else comment
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator[:1], quotechar=quote, strict=False)
    found: list[tuple[int, list[str]]] = []
    try:
        for record in reader:
            if not record or record == [""] or (comment and record[0].startswith(comment)):
                continue
            found.append((reader.line_num, record))
    except (csv.Error, TypeError) as error:
        raise BadMigration(
            f"{change.span} {change.get('file')}: {error}", hint="check separator and quotchar"
        ) from error
    return found


def _columns(change: Change, header: Sequence[str], to: Writer) -> list[_Column]:
    known = to.column_types(required(change, "tableName"))
    columns: list[_Column] = []
    for index, title in enumerate(header):
        part = _part_of(change.columns or (), title, index)
        name = (part.get("name") if part else None) or title
        said = (part.get("type") if part else None) or ""
        kind = said.upper() if said else _kind_of(known.get(name.lower()))
        columns.append(_Column(name, kind, part))
    return columns


def _part_of(parts: Sequence[Part], title: str, index: int) -> Part | None:
    """Matched by `header`, by 0-based `index`, or by `name`."""
    for each in parts:
        by_header = each.get("header")
        if by_header is not None:
            if by_header.lower() == title.lower():
                return each
        elif each.get("index") is not None:
            if each.get("index") == str(index):
                return each
        elif each.name.lower() == title.lower():
            return each
    return None


def _kind_of(type_name: str | None) -> str:
    family = family_of(type_name) if type_name else None
    if family in _WHOLE:
        return "NUMERIC"
    if family in _FRACTIONS:
        return "FRACTION"
    if family in _DATES:
        return "DATE"
    if family in ("boolean", "bit"):
        return "BOOLEAN"
    return "STRING"


def _literals(columns: Sequence[_Column], row: Sequence[str], to: Writer) -> list[str]:
    return [
        _literal(column, value, to)
        for column, value in zip(columns, row, strict=True)
        if column.kind != "SKIP"
    ]


def _literal(column: _Column, written: str, to: Writer) -> str:
    part = column.part
    null = (part.get("nullPlaceholder") if part else None) or "NULL"
    if written.strip().upper() == null.upper():
        return "NULL"
    if not written:
        default = to.default(part, None) if part else None
        return default if default is not None else "''" if column.kind in ("STRING", "OTHER") else "NULL"
    value = written.strip() if column.kind != "STRING" else written
    match column.kind:
        case "NUMERIC":
            return _number(value, to)
        case (
            "FRACTION"
        ):  # without a type in the changelog, the driver's type decides, and such values go as text
            return to.text(value)
        case "BOOLEAN":
            return _truth(value, to)
        case "DATE" | "DATETIME" | "TIME":
            moment = date_text(value)
            return to.date(moment) if moment else to.computed(value)
        case "COMPUTED":
            return to.computed(value)
        case "SEQUENCE":
            sequence = (part.get("defaultValueSequenceNext") if part else None) or value
            return to.sequence("nextval", sequence, None)
        case "CLOB":
            clob = Change("loadData", {"path": value}, part.span, "") if part else None
            return to.text(to.files.text(clob, "path")) if clob else to.text(value)
        case _:
            return to.text(value)


def _number(value: str, to: Writer) -> str:
    try:
        float(value)
    except ValueError:
        return to.computed(value)
    return value


def _truth(value: str, to: Writer) -> str:
    if value.lower() in _TRUE | _FALSE:
        return to.boolean("true" if value.lower() in _TRUE else "false")
    return to.text(value)


WRITES = {"loadData": load_data, "loadUpdateData": load_update_data}

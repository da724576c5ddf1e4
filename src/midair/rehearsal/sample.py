"""A few of the target's rows, with every row they point to; the target is read in one snapshot and written nowhere.

Rows are chosen and followed by their place in the table (`ctid`), so that no value leaves the server before
it is masked there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from secrets import token_hex

from midair.database.session import Session
from midair.errors import BadSetting, StatementFailed
from midair.model.frozen import frozen
from midair.model.statement import Sql
from midair.rehearsal.rows import quietly

MOST = 1000
_TABLES = """
SELECT c.oid::int8, CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname),
       quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), coalesce(b.typcategory, t.typcategory)::text,
       coalesce(b.typname, t.typname)::text, a.atttypmod, a.attnotnull, has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'midair')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid, a.attnum
"""
_REFERENCES = """
SELECT k.conrelid::int8, k.confrelid::int8,
       (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY o) FROM unnest(k.conkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
       (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY o) FROM unnest(k.confkey) WITH ORDINALITY AS u (n, o)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n)
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
"""
_SEQUENCES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences
WHERE last_value IS NOT NULL AND schemaname <> 'midair'
"""

_LARGEST = {"int2": 32_000, "numeric": 10, "money": 10}
"""Masks of these types stay below it: a numeric column may hold one digit only."""

Place = tuple[int, str]
"""Table or partition, and where in it."""


@frozen
class _Column:
    name: str
    type: str
    category: str
    base: str
    modifier: int
    required: bool


@frozen
class _Table:
    oid: int
    name: str
    columns: tuple[_Column, ...]
    readable: bool


@frozen
class _Reference:
    """A foreign key, by table and columns on both sides."""

    child: int
    parent: int
    columns: tuple[str, ...]
    there: tuple[str, ...]


@frozen
class Sampled:
    """How many rows came from which table; which tables gave none, and why."""

    rows: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def sample(target: Session, copy: Session, rows: int, masks: Sequence[str], skip: Sequence[str]) -> Sampled:
    """Brings up to `rows` of each table into the copy, and what they point to; `masks` are `table.column`s.

    Raises:
        BadSetting: a mask names no column, or one whose type cannot be masked.
    """
    target.run([Sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")], atomic=False)
    try:
        tables = _tables(target, skip)
        references = _references(target, tables)
        masked = _masked(tables, references, masks)
        chosen = _closed(target, tables, references, _seeds(target, tables, rows))
        salt = token_hex(16)
        read = {
            oid: _read(target, tables[oid], masked, salt, places) for oid, places in chosen.items() if places
        }
        sequences = target.query(_SEQUENCES)
    finally:
        target.abandon()
    refused = [(each.name, "its rows may not be read") for each in tables.values() if not each.readable]
    return _written(copy, tables, read, sequences, refused)


def _tables(target: Session, skip: Sequence[str]) -> Mapping[int, _Table]:
    columns: defaultdict[tuple[int, str, bool], list[_Column]] = defaultdict(list)
    for oid, table, *facts, readable in target.query(_TABLES):
        if table not in skip:
            columns[oid, table, readable].append(_Column(*facts))
    return {
        oid: _Table(oid, name, tuple(those), readable) for (oid, name, readable), those in columns.items()
    }


def _references(target: Session, tables: Mapping[int, _Table]) -> tuple[_Reference, ...]:
    return tuple(
        _Reference(child, parent, tuple(columns.split(",")), tuple(there.split(",")))
        for child, parent, columns, there in target.query(_REFERENCES)
        if child in tables and parent in tables
    )


def _masked(
    tables: Mapping[int, _Table], references: Sequence[_Reference], masks: Sequence[str]
) -> frozenset[tuple[int, str]]:
    """The columns whose values must not leave the server; both ends of a foreign key are masked alike."""
    found = {
        (table.oid, column.name)
        for table in tables.values()
        for column in table.columns
        for mask in masks
        if mask.removeprefix("public.") == f"{table.name}.{column.name}"
    }
    known = {f"{tables[oid].name}.{column}" for oid, column in found}
    unknown = [each for each in masks if each.removeprefix("public.") not in known]
    if unknown:
        raise BadSetting(
            f"the target has no column {unknown[0]} to mask",
            hint="write it as table.column, in --mask or in `mask` of [rehearse] in midair.toml",
        )
    while True:
        ends = {
            end
            for each in references
            for here, there in zip(each.columns, each.there, strict=True)
            for end in ((each.child, here), (each.parent, there))
            if {(each.child, here), (each.parent, there)} & found
        }
        if ends <= found:
            return frozenset(found)
        found |= ends


def _seeds(target: Session, tables: Mapping[int, _Table], rows: int) -> dict[int, set[Place]]:
    """The first rows of each table: reading more of a large one than is kept would cost its server."""
    return {
        oid: {
            (int(part), str(place))
            for part, place in target.query(
                f"SELECT tableoid::int8, ctid::text FROM {table.name} LIMIT %s", (rows,)
            )
        }
        for oid, table in tables.items()
        if table.readable
    }


def _closed(
    target: Session,
    tables: Mapping[int, _Table],
    references: Sequence[_Reference],
    chosen: dict[int, set[Place]],
) -> Mapping[int, set[Place]]:
    """The same rows, and every row that a foreign key of one of them names."""
    waiting = {oid: set(places) for oid, places in chosen.items()}
    while any(waiting.values()):
        found: defaultdict[int, set[Place]] = defaultdict(set)
        for each in references:
            places = waiting.get(each.child)
            if places and tables[each.parent].readable:
                found[each.parent] |= _named(target, tables, each, places)
        waiting = {oid: places - chosen[oid] for oid, places in found.items()}
        for oid, places in waiting.items():
            chosen[oid] |= places
    return chosen


def _named(target: Session, tables: Mapping[int, _Table], each: _Reference, places: set[Place]) -> set[Place]:
    pairs = zip(each.columns, each.there, strict=True)
    condition = " AND ".join(f"c.{here} = p.{there}" for here, there in pairs)
    query = (
        f"SELECT DISTINCT p.tableoid::int8, p.ctid::text FROM {tables[each.child].name} c"
        f" JOIN {tables[each.parent].name} p ON {condition} WHERE {_at('c', places)}"
    )
    return {(int(part), str(place)) for part, place in target.query(query)}


def _at(alias: str, places: set[Place]) -> str:
    """A condition for the rows at these places; they are the server's own words for them, digits and commas."""
    by_part: defaultdict[int, list[str]] = defaultdict(list)
    for part, place in sorted(places):
        by_part[part].append(f"'{place}'")
    parts = (
        f"({alias}.tableoid = {part} AND {alias}.ctid = ANY (ARRAY[{', '.join(those)}]::tid[]))"
        for part, those in by_part.items()
    )
    return " OR ".join(parts)


def _read(
    target: Session, table: _Table, masked: frozenset[tuple[int, str]], salt: str, places: set[Place]
) -> list[tuple[str | None, ...]]:
    shown = ", ".join(
        f"({_mask(table, each, salt)})::text" if (table.oid, each.name) in masked else f"t.{each.name}::text"
        for each in table.columns
    )
    query = f"SELECT {shown} FROM {table.name} t WHERE {_at('t', places)} ORDER BY t.tableoid, t.ctid"
    return [tuple(row) for row in target.query(query)]


def _mask(table: _Table, column: _Column, salt: str) -> str:
    """The same value gives the same mask, so that keys still meet; without the salt nobody can guess it back."""
    digest = f"md5('{salt}' || t.{column.name}::text)"
    number = f"abs(('x' || left({digest}, 8))::bit(32)::int8)"
    if column.base == "uuid":
        masked = f"{digest}::uuid"
    elif column.category == "S":
        masked = f"left({digest}, {column.modifier - 4})" if column.modifier > 4 else digest
    elif column.category == "N":
        masked = f"{number} % {_LARGEST.get(column.base, 2_000_000_000)}"
    elif column.category == "D" and column.base != "time":
        masked = f"(date '2000-01-01' + ({number} % 3650)::int)::{column.type}"
    elif column.category == "B":
        masked = f"{number} % 2 = 0"
    elif column.base in ("json", "jsonb"):
        masked = f"to_json({digest})::{column.base}"
    elif column.base == "bytea":
        masked = f"decode({digest}, 'hex')"
    elif not column.required:
        return f"NULL::{column.type}"
    else:
        raise BadSetting(
            f"{table.name}.{column.name} is {column.type} NOT NULL, which cannot be masked",
            hint="leave it as it is, or rehearse without --sample",
        )
    return f"CASE WHEN t.{column.name} IS NULL THEN NULL ELSE {masked} END"


def _written(
    copy: Session,
    tables: Mapping[int, _Table],
    read: Mapping[int, list[tuple[str | None, ...]]],
    sequences: Sequence[tuple[str, int]],
    refused: list[tuple[str, str]],
) -> Sampled:
    done: list[tuple[str, int]] = []
    with quietly(copy):
        for oid, rows in read.items():
            table = tables[oid]
            names = ", ".join(each.name for each in table.columns)
            marks = ", ".join(f"%s::{each.type}" for each in table.columns)
            insert = f"INSERT INTO {table.name} ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks})"
            try:
                copy.run([Sql(insert, row) for row in rows], atomic=True)
            except StatementFailed as error:
                refused.append((table.name, error.message))
            else:
                done.append((table.name, len(rows)))
    copy.run([Sql("SELECT setval(%s::regclass, %s)", (name, last)) for name, last in sequences], atomic=True)
    return Sampled(tuple(done), tuple(refused))

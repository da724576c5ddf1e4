"""The rows of a database as they were, and what became of them: compared value by value where the column survives."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from midair.database.session import Session
from midair.model.statement import quoted

_MOST_ROWS = 10_000
_COLUMNS = """
SELECT c.oid::int8, CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname),
       a.attnum, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), t.typcategory::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'midair')
ORDER BY c.oid, a.attnum
"""


@dataclass(frozen=True, slots=True)
class KeptColumn:
    """A column at one moment; `number` stays the same when it is renamed."""

    number: int
    name: str
    type: str
    category: str


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table's rows as text, at most ten thousand; `oid` stays the same when it is renamed."""

    oid: int
    name: str
    columns: tuple[KeptColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]

    def column_like(self, other: KeptColumn, *, same_table: bool) -> int | None:
        """Where a column of another moment stands here."""
        for position, each in enumerate(self.columns):
            if (same_table and each.number == other.number) or each.name == other.name:
                return position
        return None


Kept = Mapping[int, KeptTable]


def keep(session: Session, skip: Sequence[str] = ()) -> Kept:
    """The rows of every table but those named."""
    columns: defaultdict[tuple[int, str], list[KeptColumn]] = defaultdict(list)
    for oid, table, *rest in session.query(_COLUMNS):
        columns[oid, table].append(KeptColumn(*rest))
    return {
        oid: KeptTable(oid, name, tuple(those), _rows(session, name, those))
        for (oid, name), those in columns.items()
        if name not in skip
    }


def _rows(session: Session, table: str, columns: Sequence[KeptColumn]) -> tuple[tuple[str | None, ...], ...]:
    chosen = ", ".join(f"{each.name}::text" for each in columns)
    return tuple(
        session.query(f"SELECT {chosen} FROM ONLY {table} ORDER BY ctid LIMIT {_MOST_ROWS}")
    ) or tuple(session.query(f"SELECT {chosen} FROM {table} LIMIT {_MOST_ROWS}"))


@dataclass(frozen=True, slots=True)
class Loss:
    """What is no longer there. `column` is `None` when whole rows are; `gone` of `before` values or rows."""

    table: str
    column: str | None
    gone: int
    before: int
    example: str | None = None
    became: str | None = None


def losses(before: Kept, after: Kept, *, every_column: bool) -> Iterator[Loss]:
    """Rows and values of before that after does not hold, in tables that are on both sides.

    `every_column`: a column or table that is gone counts as its values gone (after a downgrade); else it is the
    migration's own doing.
    """
    for table in before.values():
        if not table.rows:
            continue
        other = after.get(table.oid) or next(
            (each for each in after.values() if each.name == table.name), None
        )
        if other is None:
            if every_column:
                yield Loss(table.name, None, len(table.rows), len(table.rows))
            continue
        if len(other.rows) < len(table.rows):
            yield Loss(table.name, None, len(table.rows) - len(other.rows), len(table.rows))
            if not other.rows:
                continue
        yield from _values(table, other, every_column=every_column)


def _values(table: KeptTable, other: KeptTable, *, every_column: bool) -> Iterator[Loss]:
    if len(other.rows) < len(table.rows):
        return  # told as rows
    same = table.oid == other.oid
    for position, column in enumerate(table.columns):
        there = other.column_like(column, same_table=same)
        values = [row[position] for row in table.rows]
        if there is None:
            lost = [each for each in values if each is not None]
            if every_column and lost:
                yield Loss(table.name, column.name, len(lost), len(values), lost[0])
            continue
        plainer = column.type != other.columns[there].type
        old = Counter(_plain(each, column.category, plainer=plainer) for each in values)
        new = Counter(
            _plain(row[there], other.columns[there].category, plainer=plainer) for row in other.rows
        )
        gone = old - new
        if gone:
            example = next(iter(gone))
            arrived = next(iter(new - old), None)
            yield Loss(table.name, column.name, sum(gone.values()), len(values), example, arrived)


def _plain(text: str | None, category: str, *, plainer: bool) -> str | None:
    """A value in the form in which types of the same family agree."""
    if text is None or not plainer:
        return text
    if category == "N":
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        return str(number.normalize()) if number.is_finite() else text
    if category == "B":
        return {"true": "1", "false": "0"}.get(text, text)
    if category == "D":
        return _moment(text)
    if text[:1] in "{[":
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return text
    return text.rstrip()


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def sequences_behind(session: Session) -> tuple[tuple[str, str, int], ...]:
    """Sequences whose next value their column already holds: (sequence, column, that value)."""
    found: list[tuple[str, str, int]] = []
    for schema, sequence, table_schema, table, column in session.query(_OWNED):
        name, where = quoted(schema, sequence), quoted(table_schema, table)
        last, called, step = session.query(
            f"SELECT last_value, is_called, (SELECT seqincrement FROM pg_sequence WHERE seqrelid = '{name}'::regclass) FROM {name}"
        )[0]
        following = last + step if called else last
        if session.query(f"SELECT EXISTS (SELECT FROM {where} WHERE {quoted(column)} = {following})")[0][0]:
            found.append((sequence, f"{table}.{column}", int(following)))
    return tuple(found)


_OWNED = """
SELECT n.nspname, s.relname, tn.nspname, t.relname, a.attname
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_class t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p') JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
JOIN pg_type y ON y.oid = a.atttypid AND y.typcategory = 'N'
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'midair'
"""

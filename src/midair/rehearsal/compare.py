"""Two databases that should hold the same: the one a migration ran in as written, and the one its online plan ran in."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from midair.model.schema import Schema, Table
from midair.rehearsal.keep import Kept, KeptTable


def as_large_as(target: Schema | None, schema: Schema) -> Schema:
    """The schema of a copy with the target's sizes; a table nobody knows the size of counts as large and in use."""
    tables = {name: _sized(table, target) for name, table in schema.tables.items()}
    return replace(schema, tables=tables)


def _sized(table: Table, target: Schema | None) -> Table:
    there = target.table(table.name) if target is not None else None
    if there is None:
        return replace(table, rows=None, bytes=None, empty=False)
    return replace(table, rows=there.rows, bytes=there.bytes, empty=there.empty)


def unlike_rows(first: tuple[Kept, Kept], second: tuple[Kept, Kept]) -> Iterator[str]:
    """A sentence for each column whose values differ afterwards; each side is (before, after).

    Tables are told by their names, and only those count that held the same before. Times and identifiers that the
    server makes anew in each database are left out: they differ between any two runs.
    """
    then, now = (_by_name(first[0]), _by_name(second[0])), (_by_name(first[1]), _by_name(second[1]))
    for name, table in now[0].items():
        other = now[1].get(name)
        if other is None or _unlike(then, name):
            continue
        if len(other.rows) != len(table.rows):
            yield f"{name} has {len(other.rows)} rows instead of {len(table.rows)}"
            continue
        yield from _columns(table, other)


def _columns(table: KeptTable, other: KeptTable) -> Iterator[str]:
    places = {each.name: position for position, each in enumerate(other.columns)}
    for position, column in enumerate(table.columns):
        there = places.get(column.name)
        if there is None or column.category in ("D", "T") or column.type == "uuid":
            continue
        expected = Counter(row[position] for row in table.rows)
        found = Counter(row[there] for row in other.rows)
        if expected != found:
            missing, extra = next(iter(expected - found)), next(iter(found - expected))
            yield f"{table.name}.{column.name} holds {_shown(extra)} instead of {_shown(missing)}"


def _unlike(then: tuple[Mapping[str, KeptTable], Mapping[str, KeptTable]], name: str) -> bool:
    first, second = then[0].get(name), then[1].get(name)
    if first is None or second is None:
        return first is not second
    return bool(next(_columns(first, second), None)) or len(first.rows) != len(second.rows)


def _by_name(kept: Kept) -> Mapping[str, KeptTable]:
    return {each.name: each for each in kept.values()}


def _shown(value: str | None) -> str:
    return "NULL" if value is None else repr(value[:60])

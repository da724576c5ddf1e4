"""Data that a migration was to move before its old place goes, and did not, or not all of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.parse import statement_of, walk
from midair.model import change as c
from midair.model.frozen import frozen
from midair.model.statement import Statement
from midair.rehearsal.keep import Kept, KeptColumn, KeptTable


@frozen
class NotMoved:
    """`had` values, or rows, of `source` are gone, and `into`, which was filled from it, holds `has`."""

    source: str
    into: str
    had: int
    has: int
    table: str

    def __str__(self) -> str:
        return f"{self.source} is gone with {self.had} values, and {self.into}, which is filled from it, holds {self.has}"


def not_moved(statements: Sequence[Statement], before: Kept, after: Kept) -> Iterator[NotMoved]:
    """Each place that a statement fills from one that is gone afterwards, where values are missing."""
    for statement in statements:
        for change in changes_of(statement.sql):
            match change:
                case c.Update(table=table, reads=reads):
                    yield from _by_update(statement.sql, table, (table, *reads), before, after)
                case c.Insert(table=table, rows=None, reads=reads):
                    yield from _by_insert(table, reads, before, after)
                case _:
                    pass


def _by_update(sql: str, table: str, reads: Sequence[str], before: Kept, after: Kept) -> Iterator[NotMoved]:
    filled, kind = _called(after, table), statement_of(sql)
    if filled is None or kind[0] != "update_stmt":
        return
    for name, read in _assignments(kind[1]):
        place = _place(filled, name)
        old = before.get(filled.oid)
        if place is None or (old is not None and _place(old, name) is not None):
            continue
        has = _held(filled, place)
        for source, column in _gone(before, after, reads, read):
            had = _held(source, source.columns.index(column))
            # From another table one value may go to many rows, or to none; from its own each has its place.
            if has < had and (source.oid == filled.oid or not has):
                yield NotMoved(f"{source.name}.{column.name}", f"{table}.{name}", had, has, table)


def _by_insert(table: str, reads: Sequence[str], before: Kept, after: Kept) -> Iterator[NotMoved]:
    filled = _called(after, table)
    if filled is None or filled.rows or filled.oid in before:
        return
    for name in reads:
        source = _called(before, name)
        if source is not None and source.rows and source.oid not in after:
            yield NotMoved(name, table, len(source.rows), 0, table)


def _assignments(update: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """Each column that the statement sets, with the columns its new value is made of."""
    for target in update.target_list:
        read = frozenset(
            identifier(node.fields[-1].string.sval)
            for name, node in walk(target.res_target.val)
            if name == "ColumnRef" and node.fields and node.fields[-1].WhichOneof("node") == "string"
        )
        yield identifier(target.res_target.name), read


def _gone(
    before: Kept, after: Kept, tables: Sequence[str], columns: frozenset[str]
) -> Iterator[tuple[KeptTable, KeptColumn]]:
    """Columns of these names that held values and are not there any more, under no other name either."""
    for table in before.values():
        if table.name not in tables and (now := after.get(table.oid)) is not None and now.name not in tables:
            continue
        left = after.get(table.oid)
        kept = {each.number for each in left.columns} if left is not None else frozenset[int]()
        for column in table.columns:
            if column.name in columns and column.number not in kept:
                yield table, column


def _called(kept: Kept, name: str) -> KeptTable | None:
    return next((each for each in kept.values() if each.name == name), None)


def _place(table: KeptTable, column: str) -> int | None:
    return next((number for number, each in enumerate(table.columns) if each.name == column), None)


def _held(table: KeptTable, place: int) -> int:
    return sum(row[place] is not None for row in table.rows)

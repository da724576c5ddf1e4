"""What a change that waits for contract keeps in the way meanwhile: keys that foreign keys stand on, or would, names that are taken."""

from collections.abc import Iterator

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    Change,
    Column,
    ConstraintKind,
    CreateTrigger,
    DropColumn,
    DropConstraint,
    DropTable,
    RenameTable,
)
from midair.model.contract import Held, Hold
from midair.model.schema import Schema, Table, bare_name, beside
from midair.rewriting.ground import says
from midair.rewriting.scene import Scene

LEAVING = (DropColumn, DropConstraint, DropTable)
"""What is gone for its author and those who come after, while the server keeps it until contract."""
_NAMED = (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY)
"""Constraints whose names are the table's own; those of others are their indexes'."""


def lingering(done: tuple[Change, ...], before: Schema, after: Schema) -> tuple[Held, ...]:
    """What is gone in the author's eyes and stands in the server's: `after` is what the statements `done` leave of `before`."""
    if not any(isinstance(each, LEAVING) for each in done) or any(
        isinstance(each, RenameTable) for each in done
    ):
        return ()
    gone = [table for name, table in before.tables.items() if after.tables.get(name) is not table]
    return tuple(
        dict.fromkeys(held for table in gone for held in _left(table, after.tables.get(table.name), before))
    )


def _left(table: Table, then: Table | None, before: Schema) -> Iterator[Held]:
    for each in table.constraints:
        if then is not None and then.constraint(each.name) is not None:
            continue
        if each.kind is ConstraintKind.FOREIGN_KEY and each.references not in (None, table.name):
            yield from _key(each.references or "", each.referenced_columns, before)
        if each.kind is ConstraintKind.UNIQUE:
            yield Held(table.name, ", ".join(each.columns), Hold.TARGET)
        if then is not None and each.kind in _NAMED:
            yield Held(table.name, each.name, Hold.NAME)
    for index in table.indexes:
        if then is None or then.index(index.name) is None:
            yield Held(beside(table.name, bare_name(index.name)), how=Hold.NAME)


def _key(referenced: str, columns: tuple[str, ...], before: Schema) -> Iterator[Held]:
    """The index that the foreign key stands on: of several that are alike nobody can tell which, so all of them.

    A UNIQUE constraint is left out: it waits for contract like the foreign key, and goes after it.
    """
    table = before.table(referenced)
    if table is None:
        return
    primary = table.primary_key
    wanted = set(columns or (primary.columns if primary is not None else ()))
    for index in table.indexes:
        waits = index.constraint is not None and (primary is None or index.constraint != primary.name)
        if index.unique and set(index.columns) == wanted and not waits:
            yield Held(referenced, index.constraint or bare_name(index.name), Hold.KEY)


def needed(done: tuple[Change, ...], before: Scene, after: Schema) -> frozenset[str]:
    """Types, functions and sequences that are in use by what is gone in the author's eyes alone, and so cannot go before it."""
    if any(isinstance(each, RenameTable) for each in done):
        return frozenset()
    gone = [table for name, table in before.schema.tables.items() if after.tables.get(name) is not table]
    return frozenset(name for table in gone for name in _used(table, after.tables.get(table.name), before))


def _used(table: Table, then: Table | None, before: Scene) -> Iterator[str]:
    for column in table.columns:
        stays = then.column(column.name) if then is not None else None
        if stays is None or stays.type.name != column.type.name:
            yield from _by_column(table, column, before)
    stand_in = before.stand_ins.get(table.name)
    if then is None and stand_in is not None:
        for trigger in stand_in.triggers:
            for each in changes_of(trigger.definition):
                if isinstance(each, CreateTrigger):
                    yield each.function


def _by_column(table: Table, column: Column, before: Scene) -> Iterator[str]:
    if column.type.name in before.schema.types:
        yield column.type.name
    facts = before.attached.get(table.name)
    known = facts.columns.get(column.name) if facts is not None else None
    if known is not None and known.default is not None:
        yield from (each for each in before.schema.sequences if says(known.default, each))

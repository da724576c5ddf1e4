"""What a change that waits for contract keeps in the way meanwhile: keys that foreign keys stand on, or would, names that are taken."""

from collections.abc import Iterator

from midair.model.change import Change, ConstraintKind, DropColumn, DropConstraint, DropTable, RenameTable
from midair.model.contract import Held, Hold
from midair.model.schema import Schema, Table, bare_name, beside

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

"""What reading and writing rows costs."""

from midair.dialects.postgresql.effects.cost import Situation, both, filled, locks, scans
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import Delete, Insert, Query, Update
from midair.model.effects import Effects
from midair.model.motion.naming import joined
from midair.model.schema import Schema, Table, bare_name, beside


def insert(change: Insert, at: Situation) -> Effects:
    """INSERT and COPY: foreign keys lock the rows they point to, sequences give numbers."""
    schema = at.schema
    table = schema.tables.get(change.table)
    keys = (
        [each.references for each in table.constraints if each.references and each.enforced] if table else []
    )
    numbers = _numbers(table, schema)
    read = [name for each in change.reads for name in filled(schema, each)]
    return both(
        locks("insert", change.table),
        locks("check referenced row", *(each for each in keys if each)),
        locks("use sequence", *numbers),
        locks("select", *(each for each in change.reads if each != change.table)),
        scans(read if change.rows is None else ()),
    )


def _numbers(table: Table | None, schema: Schema) -> list[str]:
    """The sequences that number its rows, found by the names the server gives them."""
    counted = [each.name for each in table.columns if each.serial or each.identity] if table else []
    if not counted or table is None:
        return []
    usual = [beside(table.name, joined(bare_name(table.name), each, "seq")) for each in counted]
    if all(schema.sequences.get(each) == table.name for each in usual):
        return usual
    return [name for name, owner in schema.sequences.items() if owner == table.name]


def update(change: Update, at: Situation) -> Effects:
    """UPDATE: the rows stay locked to the end of the transaction."""
    found = both(locks("update", change.table), locks("select", *change.reads))
    if is_bounded(at.schema.tables.get(change.table), change.narrowed):
        return found
    return both(found, scans(filled(at.schema, change.table)))


def delete(change: Delete, at: Situation) -> Effects:
    """DELETE: tables that point to it are looked through, one row each time, when they have no index."""
    schema = at.schema
    table = schema.tables.get(change.table)
    found = both(locks("delete", change.table), locks("select", *change.reads))
    users = [(other, key) for other, key in schema.referencing(change.table) if key.enforced]
    found = both(found, locks("check referenced row", *(other.name for other, _ in users)))
    unindexed = [other.name for other, key in users if not is_indexed(other, key.columns)]
    if not is_bounded(table, change.narrowed):
        found = both(found, scans(filled(schema, change.table)))
    return both(found, scans(name for each in unindexed for name in filled(schema, each)))


def is_bounded(table: Table | None, narrowed: frozenset[str]) -> bool:
    """At most a row for each constant: a unique index is matched completely. An unknown table's `id` is its key."""
    if table is None or not table.known:
        return "id" in narrowed
    return any(
        each.unique and each.columns and not each.partial and set(each.columns) <= narrowed
        for each in table.indexes
    )


def is_indexed(table: Table, columns: tuple[str, ...]) -> bool:
    """An index begins with these columns, in whatever order."""
    return any(
        set(each.columns[: len(columns)]) == set(columns) and not each.partial for each in table.indexes
    )


def query(change: Query, at: Situation) -> Effects:
    """SELECT and CALL."""
    schema = at.schema
    found = both(
        locks("select for update" if change.locks_rows else "select", *_below(schema, change.reads)),
        locks("use sequence", *change.sequences),
        scans(name for each in change.reads for name in filled(schema, each) if change.whole),
    )
    if change.calls_procedure:
        return Effects(assumed=("what the procedure does",))
    return found


def _below(schema: Schema, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            (
                *names,
                *(deeper for each in names if (view := schema.tables.get(each)) for deeper in view.reads),
            )
        )
    )


def merge_is_known(version: int) -> bool:
    """The server has MERGE."""
    return version >= SINCE["merge"]

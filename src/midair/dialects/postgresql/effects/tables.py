"""What creating, changing, renaming, emptying and dropping tables costs."""

from midair.dialects.postgresql.effects.constraints import foreign_key
from midair.dialects.postgresql.effects.cost import (
    Situation,
    both,
    everyone,
    filled,
    locks,
    missing,
    refused,
    rewrite,
    scans,
    unknown,
)
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import (
    AttachPartition,
    ChangeTable,
    ConstraintKind,
    CreateTable,
    DetachPartition,
    DropTable,
    Maintain,
    MoveTable,
    RenameTable,
    Truncate,
)
from midair.model.effects import Effects, LockLevel
from midair.model.frozen import replace
from midair.model.schema import Schema, Table

_REWRITING = ("set logged", "set un logged", "set access method", "set table space")


def create_table(change: CreateTable, at: Situation) -> Effects:
    """CREATE TABLE: nobody sees the new table yet, but parents, partitioned tables and sources are locked."""
    schema = at.schema
    if change.if_not_exists and schema.exists(change.table):
        return Effects()
    found = both(
        locks("inherit, new table", *change.inherits),
        locks("select", *change.like),
        *(
            locks("add foreign key", *everyone(schema, each.references))
            for each in change.constraints
            if each.references != change.table and each.references
        ),
    )
    if change.reads is not None:
        found = both(
            found, locks("select", *_base_tables(schema, change.reads)), scans(_stored(schema, change.reads))
        )
    if change.partition_of is not None:
        found = both(found, _joins(change, change.partition_of, at))
    return found


def _base_tables(schema: Schema, names: tuple[str, ...]) -> tuple[str, ...]:
    """The tables themselves and what a view among them reads."""
    below = [
        deeper for each in names if (view := schema.tables.get(each)) and view.reads for deeper in view.reads
    ]
    return (*names, *below)


def _stored(schema: Schema, names: tuple[str, ...]) -> list[str]:
    return [
        name
        for each in _base_tables(schema, names)
        for name in filled(schema, each)
        if _kind(schema, name) != "view"
    ]


def _kind(schema: Schema, name: str) -> str:
    found = schema.tables.get(name)
    return found.kind if found else "table"


def _joins(change: CreateTable, parent: str, at: Situation) -> Effects:
    table = at.schema.tables.get(parent)
    found = locks("create partition, parent", parent)
    if table is None:
        return found
    keys = [each.references for each in table.constraints if each.references]
    found = both(found, locks("referenced by new foreign key", *(each for each in keys if each)))
    return both(found, _default_partition(table, change.bounds, at)) if not change.is_default else found


def _default_partition(parent: Table, bounds: tuple[str, ...], at: Situation) -> Effects:
    """The default partition is locked, and read unless a check of its own rules the new rows out (fact 28)."""
    defaults = [
        each
        for each in map(at.schema.tables.get, at.schema.children(parent.name))
        if each and each.is_default
    ]
    key = parent.partition_key[0] if parent.partition_key else ""
    opposite = {">=": "<", "<": ">="}
    outside = " OR ".join(
        f"{key} {opposite[sign]} {value}"
        for sign, _, value in (each.partition(" ") for each in bounds)
        if sign in opposite
    )
    found = Effects()
    for each in defaults:
        shut = any(outside and outside in (check.bounds) and check.valid for check in each.constraints)
        found = both(
            found,
            locks("attach partition, child", each.name),
            scans(() if shut else filled(at.schema, each.name)),
        )
    return found


def attach_partition(change: AttachPartition, at: Situation) -> Effects:
    """ATTACH PARTITION: what it reads depends on the checks, indexes and keys the new partition brings."""
    schema = at.schema
    found = both(
        locks("attach partition, parent", change.table), locks("attach partition, child", change.partition)
    )
    parent, child = schema.tables.get(change.table), schema.tables.get(change.partition)
    if parent is None or child is None:
        return replace(
            both(found, scans(filled(schema, change.partition))), assumed=unknown(schema, change.partition)
        )
    missing_index = any(not any(twin.keys == each.keys for twin in child.indexes) for each in parent.indexes)
    if missing_index or not _within(child, parent, change.bounds):
        found = both(found, scans(filled(schema, child.name)))
    for key in parent.constraints:
        if key.kind is not ConstraintKind.FOREIGN_KEY or key.references is None:
            continue
        has = any(
            each.references == key.references and each.columns == key.columns and each.valid
            for each in child.constraints
        )
        if has:
            found = both(found, locks("referenced by dropped foreign key", key.references))
        elif filled(schema, child.name):
            found = both(found, replace(foreign_key(child.name, key, at), may_fail=frozenset({"23503"})))
    return found if change.is_default else both(found, _default_partition(parent, change.bounds, at))


def _within(child: Table, parent: Table, bounds: tuple[str, ...]) -> bool:
    """Validated checks prove that every row of the child lies inside the bounds, and none is NULL."""
    if not parent.partition_key or not bounds:
        return False
    key = parent.partition_key[0]
    known = {
        part
        for each in child.constraints
        if each.valid and each.kind is ConstraintKind.CHECK
        for part in each.bounds
    }
    column = child.column(key)
    not_null = f"{key} IS NOT NULL" in known or (column is not None and column.not_null)
    return not_null and all(f"{key} {each}" in known for each in bounds)


def detach_partition(change: DetachPartition, at: Situation) -> Effects:
    """DETACH PARTITION, plain or CONCURRENTLY."""
    schema = at.schema
    if change.concurrently and at.version < SINCE["detach partition concurrently"]:
        return refused("42601")
    parent = schema.tables.get(change.table)
    if change.concurrently:
        children = [schema.tables[each] for each in schema.children(change.table)]
        if any(each.is_default for each in children):
            return replace(refused("55000"), transactional=False)
        weak = locks("detach partition concurrently, parent", change.table)
        return replace(both(weak, locks("detach partition", change.partition)), transactional=False)
    found = locks("detach partition", change.table, change.partition)
    keys = [each.references for each in parent.constraints if each.references] if parent else []
    users = [other.name for other, _ in schema.referencing(change.table)]
    return both(
        found, locks("add foreign key", *(each for each in keys if each)), locks("detach partition", *users)
    )


def drop_table(change: DropTable, at: Situation) -> Effects:
    """DROP TABLE with the other sides of its keys, its parent, partitions, sequences and views."""
    schema = at.schema
    if missing(schema, change.table):
        return Effects() if change.if_exists else refused("42P01")
    tables = everyone(schema, change.table)
    found = locks("drop table", *tables)
    table = schema.tables.get(change.table)
    if table is None:
        return replace(found, assumed=unknown(schema, change.table))
    targets = (table.name, *(table.parents if table.is_partition else ()))
    users = {other.name for target in targets for other, _ in schema.referencing(target)} - {table.name}
    views = [each.name for each in schema.around(table.name) if table.name in each.reads]
    if (users or views) and not change.cascade:
        return refused("2BP01")
    keys = [each.references for name in tables for each in schema.tables[name].constraints if each.references]
    owned = [name for name, owner in schema.sequences.items() if owner == table.name]
    parents = table.parents if table.is_partition else ()
    return both(
        found,
        locks("referenced by dropped foreign key", *(each for each in keys if each), *sorted(users)),
        locks("drop view", *views),
        locks("drop sequence", *owned),
        locks("detach partition", *parents),
    )


def rename_table(change: RenameTable, at: Situation) -> Effects:
    """RENAME: an index renamed by ALTER INDEX needs a weak lock, anything else the strongest (fact 8)."""
    return locks("rename index" if change.kind == "index" else "rename table", change.table)


def move_table(change: MoveTable, at: Situation) -> Effects:
    """SET SCHEMA takes owned sequences along."""
    owned = [name for name, owner in at.schema.sequences.items() if owner == change.table]
    return locks("set schema", change.table, *owned)


def change_table(change: ChangeTable, at: Situation) -> Effects:
    """An ALTER TABLE action of the table of facts."""
    schema, action = at.schema, change.action
    if change.table == "*":
        stored = [each.name for each in schema.tables.values() if each.kind in ("table", "partitioned")]
        copied = [each for each in stored if each in filled(schema, each)]
        return replace(
            both(locks(action, *stored), Effects(rewrites=frozenset(copied))),
            assumed=() if schema.complete else ("which tables",),
        )
    if change.table in schema.sequences:
        return locks("drop sequence", change.table)
    found = locks(action, change.table)
    if action == "change owner":
        owned = [name for name, owner in schema.sequences.items() if owner == change.table]
        return both(found, locks(action, *owned))
    if action == "add inherit" and change.subject:
        return both(found, locks("inherit, new table", change.subject))
    if action in ("drop inherit", "add of") and change.subject:
        return both(found, locks("select", change.subject))
    if action in _REWRITING:
        return _storage(change, at)
    return found


def _storage(change: ChangeTable, at: Situation) -> Effects:
    found = locks(change.action, change.table)
    table = at.schema.tables.get(change.table)
    if change.action == "set access method" and change.subject == "heap":
        return found  # every table is a heap unless an extension brought another method
    if (
        change.action == "set un logged"
        and table is not None
        and next(at.schema.referencing(table.name), None)
    ):
        return refused("42P16")
    if change.action == "set table space":
        return both(found, Effects(rewrites=frozenset(filled(at.schema, change.table))))
    return both(found, rewrite(at.schema, change.table))


def truncate(change: Truncate, at: Situation) -> Effects:
    """TRUNCATE; tables that point to it must be named too, or come along by CASCADE."""
    schema = at.schema
    tables = [name for each in change.tables for name in everyone(schema, each)]
    users = {other.name for each in tables for other, _ in schema.referencing(each)} - set(tables)
    if users and not change.cascade:
        return refused("0A000")
    found = locks("truncate", *tables, *sorted(users))
    if not change.restart_identity:
        return found
    return both(
        found, locks("drop sequence", *(name for name, owner in schema.sequences.items() if owner in tables))
    )


def maintain(change: Maintain, at: Situation) -> Effects:
    """VACUUM, ANALYZE, CLUSTER of one table, or of all."""
    schema, alone = at.schema, change.verb in ("vacuum", "vacuum full")
    if change.table is None:
        if change.verb == "cluster":
            return Effects(transactional=False)
        stored = [each.name for each in schema.tables.values() if each.kind != "view"]
        found = both(
            locks(change.verb, *stored), scans(name for each in stored for name in filled(schema, each))
        )
        return replace(found, transactional=not alone)
    found = locks(change.verb, change.table)
    if change.verb in ("vacuum full", "cluster"):
        return replace(both(found, rewrite(schema, change.table)), transactional=not alone)
    return replace(both(found, scans(filled(schema, change.table))), transactional=not alone)


def lock_tables(tables: tuple[str, ...], level: LockLevel, at: Situation) -> Effects:
    """LOCK TABLE, partitions and heirs included."""
    return locks(level, *(name for each in tables for name in everyone(at.schema, each)))

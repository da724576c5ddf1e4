"""What indexes cost: to build, drop, rebuild and change."""

from midair.dialects.postgresql.effects.cost import (
    Situation,
    both,
    everyone,
    filled,
    locks,
    missing,
    refused,
    scans,
)
from midair.dialects.postgresql.facts import lock
from midair.model.change import ChangeIndex, CreateIndex, DropIndex, Reindex
from midair.model.effects import Effects
from midair.model.frozen import replace
from midair.model.schema import Schema, Table


def create_index(change: CreateIndex, at: Situation) -> Effects:
    """CREATE INDEX on a table, its partitions included."""
    schema = at.schema
    table = schema.tables.get(change.table)
    partitioned = table is not None and table.kind == "partitioned"
    there = table is not None and table.index(change.index.name) is not None and change.if_not_exists
    if change.concurrently:
        if at.in_block:
            return replace(refused("25001"), transactional=False)
        if partitioned and not change.only:
            return replace(refused("0A000"), transactional=False)
        found = (
            Effects()
            if there
            else both(locks("create index concurrently", change.table), scans(filled(schema, change.table)))
        )
        failing = frozenset({"23505"} if change.index.unique and found.scans else ())
        return replace(found, transactional=False, may_fail=failing)
    if there or change.only:
        return locks("create index", change.table)
    built = [name for name in filled(schema, change.table) if not _has_twin(schema.tables.get(name), change)]
    found = both(locks("create index", *everyone(schema, change.table)), scans(built))
    return replace(found, may_fail=frozenset({"23505"} if change.index.unique and built else ()))


def _has_twin(table: Table | None, change: CreateIndex) -> bool:
    if table is None or table.name == change.table:
        return False
    return any(
        each.keys == change.index.keys and each.valid and each.parent is None for each in table.indexes
    )


def drop_index(change: DropIndex, at: Situation) -> Effects:
    """DROP INDEX: the table is locked as strongly as the index."""
    schema = at.schema
    table = schema.table_of_index(change.index)
    index = table.index(change.index) if table else None
    alone = change.concurrently
    if index is None or table is None:
        if missing(schema, change.index):
            return Effects(transactional=not alone) if change.if_exists else refused("42704")
        found = locks("drop index concurrently" if alone else "drop index", change.index)
        return replace(found, transactional=not alone, assumed=(f"the table of {change.index} is not known",))
    if index.constraint is not None and not change.cascade:
        return replace(refused("2BP01"), transactional=not alone)
    if alone and (change.together > 1 or change.cascade or table.kind == "partitioned"):
        return replace(refused("0A000"), transactional=False)
    if alone:
        found = both(locks("drop index concurrently", table.name), locks("drop index", index.name))
        return replace(found, transactional=False)
    parts = [
        each.name
        for name in schema.children(table.name)
        for each in schema.tables[name].indexes
        if each.parent == index.name
    ]
    return locks("drop index", *everyone(schema, table.name), index.name, *parts)


def reindex(change: Reindex, at: Situation) -> Effects:
    """REINDEX: the index itself is locked against reads, which stops the planner (fact 7)."""
    schema = at.schema
    row = "reindex concurrently" if change.concurrently else "reindex"
    wide = change.kind in ("schema", "database", "system")
    tables = _reindexed(change, schema)
    index_only = schema.table_of_index(change.name or "") if change.kind == "index" else None
    indexes = [
        each.name
        for name in tables
        for each in (schema.tables[name].indexes if name in schema.tables else ())
        if change.kind == "index" or schema.tables[name].kind != "partitioned"
        if index_only is None or each.name == change.name or each.parent == change.name
    ]
    if change.kind == "index" and not tables:
        found = locks("drop index", change.name or "")
        return replace(
            found,
            scans=frozenset(),
            assumed=(f"the table of {change.name} is not known",),
            transactional=not change.concurrently,
        )
    stored = [
        name for name in tables if (each := schema.tables.get(name)) is None or each.kind != "partitioned"
    ]
    busy = frozenset(
        name
        for name in stored
        if name in filled(schema, name) and (name not in schema.tables or schema.tables[name].indexes)
    )
    partitioned = any(
        each is not None and each.kind == "partitioned" for each in map(schema.tables.get, tables)
    )
    found = both(locks(row, *tables), locks("drop index", *indexes))
    return replace(
        found, rebuilds=busy, scans=busy, transactional=not (change.concurrently or wide or partitioned)
    )


def _reindexed(change: Reindex, schema: Schema) -> tuple[str, ...]:
    match change.kind:
        case "index":
            table = schema.table_of_index(change.name or "")
            return everyone(schema, table.name) if table else ()
        case "table":
            return everyone(schema, change.name or "")
        case "schema":
            inside = [each.name for each in schema.tables.values() if each.name.startswith(f"{change.name}.")]
            return tuple(inside)
        case _:
            return tuple(
                each.name for each in schema.tables.values() if each.kind not in ("view", "partitioned")
            )


def change_index(change: ChangeIndex, at: Situation) -> Effects:
    """ALTER INDEX."""
    schema = at.schema
    if change.index is None:
        every = list(schema.index_tables)
        return both(
            locks("index set tablespace", *every), Effects(rebuilds=frozenset(schema.index_tables.values()))
        )
    if change.action == "attach" and change.part:
        found = both(locks("index attach, parent", change.index), locks("index attach, child", change.part))
        tables = [
            each.name
            for each in (schema.table_of_index(change.index), schema.table_of_index(change.part))
            if each
        ]
        return both(found, locks("select", *tables))
    found = locks(lock(f"index {change.action}"), change.index)
    if change.action == "set tablespace":
        table = schema.table_of_index(change.index)
        return replace(found, rebuilds=frozenset({table.name} if table else {change.index}))
    return found

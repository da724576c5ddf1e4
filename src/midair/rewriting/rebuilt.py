"""The shadow of a table that its author builds anew by hand."""

from collections.abc import Collection, Iterator

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.attached import Attached
from midair.dialects.postgresql.batch_keys import bare_type, type_sql, unique_keys, walking_key
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import chosen
from midair.dialects.postgresql.facts import SINCE
from midair.dialects.postgresql.standins import StandIn
from midair.model.backfill import KeyColumn
from midair.model.change import Column, CreateTable
from midair.model.contract import Held
from midair.model.schema import Schema, Table, bare_name, beside
from midair.rewriting.carried import WAY
from midair.rewriting.mirror import Mirror
from midair.rewriting.names import raw, temporary
from midair.rewriting.prepared import reshaped
from midair.rewriting.rebuilding import Rebuilding
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.shadow import Shadow
from midair.rewriting.shadowed import against_shadow, full, names_for
from midair.rewriting.standing import Standing
from midair.rewriting.syncing import function_name, literal


def rebuilt(read: Rebuilding, case: Case) -> Shadow | NoWay:
    """The shadow, or why there can be none."""
    table, scene = read.table, case.scene
    facts, other = scene.attached.get(table.name), scene.stand_ins.get(table.name)
    if facts is None or other is None or not table.known:
        return NoWay(f"the catalog tells too little of {table.name}", WAY)
    walked = walking_key(table)
    after = scene.after(read.wanted).schema.tables[table.name]
    against = against_shadow(table, facts, other, walked, case) or _against(read, after, facts, other)
    if against is not None:
        return against
    key = _key(read, after, table)
    if not key or not {each.name for each in walked} <= {each.name for each in key}:
        return NoWay(
            f"the primary key of the new {table.name} does not hold {', '.join(each.name for each in walked)}, by which its rows are known",
            "give it a primary key of these columns, and of those it is partitioned by",
        )
    forth = tuple((name, _of_old(value, read)) for name, value in read.filled)
    if any(not value for _, value in forth):
        return NoWay(f"what fills the new {table.name} cannot be told from one row of the old one", WAY)
    filled = tuple((name, value) for name, value in forth if value)
    back = tuple(_back(read))
    left = names_for(table.name)[2]
    arbiter = tuple(each.name for each in key)
    kinds = tuple(type_sql(column) for name, _ in filled if (column := after.column(name)) is not None)
    old_kinds = tuple(type_sql(column) for name, _ in back if (column := table.column(name)) is not None)
    here, there, aside = full(table.name), full(read.new), full(read.old)
    up, down = function_name("copy", table.name, "forth"), function_name("copy", table.name, "back")
    return Shadow(
        table=table,
        facts=facts,
        other=other,
        statement=case.statement,
        new=read.new,
        old=read.old,
        left=left,
        trigger=(temporary("copy", table.name), temporary("copy_all", table.name)),
        key=walked,
        forth=Mirror(here, there, key, arbiter, filled, kinds, up, left, fails=True, defers=True),
        back=Mirror(
            here,
            aside,
            key,
            tuple(each.name for each in walked),
            back,
            old_kinds,
            down,
            left,
            fails=True,
            defers=False,
        ),
        made=read.made,
        indexes=(),
        standing=_standing(read, after, facts, other, case),
        subscribed=facts.subscribed,
        notes=(*_notes(read, other), *reshaped(table.name, table.columns, after.columns)),
        keeps=read.keeps,
        holds=tuple(Held(each) for each in read.partitions),
    )


def _against(read: Rebuilding, after: Table, facts: Attached, other: StandIn) -> NoWay | None:
    table = read.table
    keys = [frozenset(each) for each in unique_keys(after)]
    for each in facts.inbound:
        if each.table != table.name and each.columns not in keys:
            return NoWay(
                f"the foreign key {each.name} of {each.table} points to {', '.join(sorted(each.columns))}, which is no key of the new {table.name}",
                f"drop it in a migration before; or {WAY}",
            )
    by_part = [each.name for each in other.publications if not each.by_root]
    if read.partitions and by_part:
        return NoWay(
            f"the publication {by_part[0]} would send {table.name} by its partitions' names, and its subscribers would stop",
            f"ALTER PUBLICATION {by_part[0]} SET (publish_via_partition_root = true) in a migration before; or {WAY}",
        )
    shape = [(each.name, each.type) for each in after.columns]
    if other.views and shape[: len(table.columns)] != [(each.name, each.type) for each in table.columns]:
        return NoWay(
            f"the view {other.views[0].name} reads {table.name}, whose columns change",
            f"drop it in a migration before; or {WAY}",
        )
    if (
        not other.views
        and other.functions
        and {each.name for each in table.columns} - {each.name for each in after.columns}
    ):
        return NoWay(
            f"a function's body is bound to {table.name}, whose columns change",
            f"drop it in a migration before; or {WAY}",
        )
    return None


def _key(read: Rebuilding, after: Table, table: Table) -> tuple[KeyColumn, ...]:
    """The new table's primary key, where it is copied as it is."""
    filled = dict(read.filled)
    primary = after.primary_key
    found: list[KeyColumn] = []
    for name in primary.columns if primary is not None else ():
        column, mine = table.column(name), after.column(name)
        value = filled.get(name)
        if (
            column is None
            or mine is None
            or value is None
            or twins.copied_column(value) != name
            or mine.type != column.type
        ):
            return ()
        found.append(KeyColumn(name, bare_type(column.type)))
    return tuple(found)


def _of_old(value: str, read: Rebuilding) -> str | None:
    return twins.of_row(value, "source", read.spoken, [each.name for each in read.table.columns])


def _back(read: Rebuilding) -> Iterator[tuple[str, str]]:
    """What fills each column of the old table from the new one: those that were copied as they are."""
    copied = {twins.copied_column(value): name for name, value in reversed(read.filled)}
    for column in read.table.columns:
        if column.generated is None and column.name in copied:
            yield column.name, f"source.{copied[column.name]}"


def _standing(read: Rebuilding, after: Table, facts: Attached, other: StandIn, case: Case) -> Standing:
    table = read.table
    placed, replaced = [*_renamed(read, after, case)], list[str]()
    for column in table.columns:
        sequence, to = facts.columns[column.name].sequence, after.column(column.name)
        if sequence is None or to is None:
            continue
        if to.identity or to.serial:
            mine, new = (
                f"pg_get_serial_sequence({literal(full(each))}, {literal(raw(column.name))})"
                for each in (table.name, read.new)
            )
            placed.append(f"SELECT setval({mine}, last_value, is_called) FROM {sequence.name}")
            replaced.append(f"SELECT setval({literal(sequence.name)}, nextval({new}), false)")
        elif to.default is not None and not to.default.null:
            placed.append(f"ALTER SEQUENCE {sequence.name} OWNED BY {table.name}.{column.name}")
            replaced.append(f"ALTER SEQUENCE {sequence.name} OWNED BY {table.name}.{column.name}")
    own = tuple(each for each in facts.constraints if each.kind == "f")
    inbound = tuple(each for each in facts.inbound if each.table != table.name)
    kept = tuple((name, each) for name, each in facts.columns.items() if after.column(name) is not None)
    return Standing(
        table.name, other, inbound, (), (), kept, own=own, placed=tuple(placed), replaced=tuple(replaced)
    )


def _renamed(read: Rebuilding, after: Table, case: Case) -> Iterator[str]:
    """The names that the server gave after the table's own, as they would be had it been made under the name it has now."""
    if read.spoken != read.old:
        return  # it was made under its author's name
    made: Schema = case.scene.schema
    for sql in read.made:
        for each in changes_of(sql):
            made = made.after(each)
    new, name = made.tables[read.new], read.table.name
    for one, other in zip(new.constraints, after.constraints, strict=False):
        if one.name != other.name:
            yield f"ALTER TABLE {name} RENAME CONSTRAINT {one.name} TO {other.name}"
    for one, other in zip(new.indexes, after.indexes, strict=False):
        if one.name != other.name and one.constraint is None:
            yield f"ALTER INDEX {one.name} RENAME TO {bare_name(other.name)}"
    yield from _not_null_names(read, after, case)
    yield from _sequence_names(read, after, case)


def _not_null_names(read: Rebuilding, after: Table, case: Case) -> Iterator[str]:
    """From 18 NOT NULL is a constraint with a name, which no other of the schema may have when the server chooses it."""
    if case.scene.version < SINCE["not null constraint"]:
        return
    first = next(each for each in read.wanted if isinstance(each, CreateTable))
    # LIKE takes the names along.
    like = {each.name for each in read.table.columns if each.not_null} if first.like else set[str]()
    taken = {each.not_null for facts in case.scene.attached.values() for each in facts.columns.values()}
    for column in (each for each in after.columns if each.name not in like):
        if column.not_null or column.name in (after.primary_key.columns if after.primary_key else ()):
            mine = _chosen(read.new, column, "not_null", ())
            yield f"ALTER TABLE {read.table.name} RENAME CONSTRAINT {mine} TO {_chosen(read.table.name, column, 'not_null', taken)}"


def _sequence_names(read: Rebuilding, after: Table, case: Case) -> Iterator[str]:
    taken = {bare_name(each) for each in (*case.scene.schema.sequences, *case.scene.schema.tables)}
    for column in after.columns:
        if column.identity or column.serial:
            mine = beside(read.table.name, _chosen(read.new, column, "seq", ()))
            yield f"ALTER SEQUENCE IF EXISTS {mine} RENAME TO {_chosen(read.table.name, column, 'seq', taken)}"


def _chosen(table: str, column: Column, label: str, taken: Collection[str | None]) -> str:
    """The name that the server chooses: the first that is free."""
    parts = (raw(bare_name(table)), raw(column.name))
    name, number = chosen(*parts, label=label), 0
    while name in taken:
        number += 1
        name = chosen(*parts, label=f"{label}{number}")
    return name


def _notes(read: Rebuilding, other: StandIn) -> Iterator[str]:
    along = [f"trigger {each.name}" for each in other.triggers]
    along += ["its rights"] if other.grants else []
    along += ["its row security"] if other.secured or other.policies else []
    along += [f"view {each.name}" for each in other.views]
    along += [f"publication {each.name}" for each in other.publications]
    if along:
        yield f"go along to the new {read.table.name}, which its author does not say: {', '.join(along)}"
    back = {name for name, _ in _back(read)}
    lost = [each.name for each in read.table.columns if each.name not in back and each.generated is None]
    if lost:
        yield f"{', '.join(lost)} of {read.old} stay empty for rows written after the exchange: a rollback does not know their values"
    if read.keeps:
        yield f"{read.old} stays for good, and holds every row until contract; its foreign keys do not come back"

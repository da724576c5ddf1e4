"""Whether a table can have a shadow, and the shadow that is like it but for what some statements change."""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql import compose, twins
from midair.dialects.postgresql.attached import Attached, AttachedIndex
from midair.dialects.postgresql.batch_keys import type_sql, walking_key
from midair.dialects.postgresql.conversions import comparable, never_fails
from midair.dialects.postgresql.facts import SINCE
from midair.dialects.postgresql.standins import StandIn
from midair.model.backfill import KeyColumn
from midair.model.change import AddConstraint, AlterColumnType, Change, ChangeTable, Column
from midair.model.frozen import frozen, replace
from midair.model.schema import Table, beside
from midair.rewriting.carried import WAY
from midair.rewriting.costs import too_small
from midair.rewriting.mirror import Mirror
from midair.rewriting.names import raw_path, temporary
from midair.rewriting.prepared import reshaped
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.shadow import Shadow, foreign_keys
from midair.rewriting.standing import Counting, Indexed, Standing
from midair.rewriting.syncing import function_name
from midair.rewriting.twin import COUNTED
from midair.rewriting.twinned import is_stale


@frozen
class Wanted:
    """One statement of the author's for the new table, with its change."""

    sql: str
    change: Change


def shadow_of(table: Table, wanted: Sequence[Wanted], case: Case, *, fails: bool) -> Shadow | NoWay:
    """The shadow of a table with these statements done to it; `fails`: rows may be refused by what they demand."""
    facts, other = case.scene.attached.get(table.name), case.scene.stand_ins.get(table.name)
    if facts is None or other is None or not table.known:
        return NoWay(f"the catalog tells too little of {table.name}", WAY)
    key = walking_key(table)
    after = case.scene.after([each.change for each in wanted]).schema.tables[table.name]
    against = against_shadow(table, facts, other, key, case)
    if against is not None:
        return against
    forth = _forth(table, after, wanted)
    back = _back(table, after, wanted, case)
    new_key = tuple(KeyColumn(each.name, type_of(after, each)) for each in key)
    if isinstance(forth, NoWay):
        return forth
    if isinstance(back, NoWay):
        return back
    new, old, left = names_for(table.name)
    indexes = _indexes(new, facts, tuple(each.name for each in key))
    made = _made(table, wanted, other, new)
    if isinstance(indexes, NoWay):
        return indexes
    if isinstance(made, NoWay):
        return made
    retypes = any(isinstance(each.change, AlterColumnType) for each in wanted)
    arbiter = tuple(each.name for each in key)
    up, down = function_name("copy", table.name, "forth"), function_name("copy", table.name, "back")
    here, there, aside = full(table.name), full(new), full(old)
    kinds = tuple(type_sql(_column(after, name)) for name, _ in forth)
    old_kinds = tuple(type_sql(_column(table, name)) for name, _ in back)
    return Shadow(
        table=table,
        facts=facts,
        other=other,
        statement=case.statement,
        new=new,
        old=old,
        left=left,
        trigger=(temporary("copy", table.name), temporary("copy_all", table.name)),
        key=key,
        forth=Mirror(here, there, key, arbiter, forth, kinds, up, left, fails, defers=True),
        back=Mirror(here, aside, new_key, arbiter, back, old_kinds, down, left, retypes, defers=False),
        made=(*made, *(each.made for each in indexes if not each.late)),
        indexes=indexes,
        standing=replace(
            standing_of(table, after, facts, other), persistence=_persistence(other, wanted, case)
        ),
        subscribed=facts.subscribed,
        notes=tuple(reshaped(table.name, table.columns, after.columns)),
    )


def _persistence(other: StandIn, wanted: Sequence[Wanted], case: Case) -> tuple[str, str] | None:
    to = {"set logged": "LOGGED", "set un logged": "UNLOGGED"}
    found = [
        to[each.change.action]
        for each in wanted
        if isinstance(each.change, ChangeTable) and each.change.action in to
    ]
    now = "UNLOGGED" if other.unlogged else "LOGGED"
    if not found or found[-1] == now or case.scene.version < SINCE["unlogged sequence"]:
        return None
    return now, found[-1]


def names_for(table: str) -> tuple[str, str, str]:
    """What the new table, the old one, and the list of rows to look at again are called: `midair_new_orders`."""
    new, old = (beside(table, temporary(each, *raw_path(table))) for each in ("new", "old"))
    return new, old, f"midair.{temporary('left', *raw_path(table))}"


def full(table: str) -> str:
    """The table's name with its schema, for functions that look nowhere else."""
    return table if len(raw_path(table)) == 2 else f"public.{table}"


def type_of(table: Table, key: KeyColumn) -> str:
    """The key column's type in this table, where it is an integer; else as it was."""
    column = _column(table, key.name)
    return column.type.name if column.type.name in COUNTED else key.type


def against_shadow(
    table: Table, facts: Attached, other: StandIn, key: Sequence[KeyColumn], case: Case
) -> NoWay | None:
    """What keeps another table from taking this one's place."""
    name = table.name
    if other.blocked:
        return NoWay(f"no other table can take the place of {name}: {'; '.join(other.blocked)}", WAY)
    if not key:
        return NoWay(f"{name} has no primary key, nor a unique index without NULLs, to know its rows by", WAY)
    if any(case.scene.schema.exists(each) for each in names_for(name)):
        return NoWay(
            f"{name} has a table {names_for(name)[0]} or {names_for(name)[1]} beside it already",
            "drop it first",
        )
    if is_stale(table, facts, case) or {each.name for each in table.columns} != set(facts.columns):
        return NoWay(
            f"earlier statements of this run changed what hangs on {name}",
            "apply the migrations before this one first",
        )
    cramped = too_small(case.scene, name, whole=True)
    if cramped is not None:
        return cramped
    partitioned = [each for each in facts.inbound if not each.plain]
    if partitioned:
        return NoWay(
            f"the foreign key {partitioned[0].name} is on {partitioned[0].table}, which is partitioned", WAY
        )
    return None


def standing_of(table: Table, after: Table, facts: Attached, other: StandIn) -> Standing:
    """What hangs on the table's place."""
    counting: list[Counting] = []
    for column in table.columns:
        sequence, to = facts.columns[column.name].sequence, after.column(column.name)
        if sequence is not None and to is not None:
            counting.append(Counting(column, sequence, COUNTED.get(to.type.name, sequence.kind)))
    kept = tuple((name, each) for name, each in facts.columns.items() if after.column(name) is not None)
    return Standing(
        table.name, other, foreign_keys(facts, table.name), tuple(counting), facts.statistics, kept
    )


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    assert column is not None, f"{table.name} has {name}"
    return column


def _forth(table: Table, after: Table, wanted: Sequence[Wanted]) -> tuple[tuple[str, str], ...] | NoWay:
    """What fills each column of the new table."""
    using = {
        each.change.column: each.change.using for each in wanted if isinstance(each.change, AlterColumnType)
    }
    made: list[tuple[str, str]] = []
    for column in after.columns:
        if column.generated is not None or table.column(column.name) is None:
            continue
        expression = using.get(column.name)
        value = f"source.{column.name}" if expression is None else of_source(expression, table)
        if value is None:
            return NoWay(f"what {column.name} is to be cannot be told from the row alone", WAY)
        made.append((column.name, value))
    return tuple(made)


def of_source(expression: str, table: Table) -> str | None:
    """An expression over the table's columns as one over `source`."""
    return twins.of_row(expression, "source", table.name, [each.name for each in table.columns])


def _back(
    table: Table, after: Table, wanted: Sequence[Wanted], case: Case
) -> tuple[tuple[str, str], ...] | NoWay:
    """What fills each column of the old table, once the new one is in its place."""
    changes = {each.change.column: each.change for each in wanted if isinstance(each.change, AlterColumnType)}
    intent = case.statement.intent
    down = intent.down if intent is not None else None
    made: list[tuple[str, str]] = []
    for column in table.columns:
        if column.generated is not None or after.column(column.name) is None:
            continue
        change, value = changes.get(column.name), f"source.{column.name}"
        if change is not None and down is not None and len(changes) == 1:
            value = of_source(down, after)
            if value is None:
                return NoWay(
                    f"{down} says more than a row of {table.name} knows", "say it by columns of the table"
                )
        elif (
            change is not None
            and change.using is not None
            and twins.copied_column(change.using) != column.name
        ):
            return NoWay(
                f"nobody said how {table.name}.{column.name} becomes {column.type} again",
                "say it above the statement: -- midair: down = an expression over the table's columns",
            )
        made.append((column.name, value))
    return tuple(made)


def may_fail(table: Table, change: Change, case: Case) -> bool:
    """A row that is there, or is written by the old version, may be refused by the new table."""
    if isinstance(change, AddConstraint):
        return True
    if not isinstance(change, AlterColumnType):
        return False
    column = table.column(change.column)
    plain = change.using is None or change.plain_cast
    return column is None or not plain or not never_fails(column.type, change.type, case.scene.schema)


def _made(table: Table, wanted: Sequence[Wanted], other: StandIn, new: str) -> tuple[str, ...] | NoWay:
    """The statements that make the new table as the old one is, and then as it is wanted."""
    like = "INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY EXCLUDING STATISTICS"
    made = f"CREATE {'UNLOGGED ' if other.unlogged else ''}TABLE {new} (LIKE {table.name} {like})"
    made += f" USING {other.method}" if other.method else ""
    made += f" WITH ({', '.join(other.options)})" if other.options else ""
    made += f" TABLESPACE {other.tablespace}" if other.tablespace else ""
    changed: list[str] = []
    for each in wanted:
        sql = each.sql
        if isinstance(each.change, AddConstraint):
            sql = compose.with_name(sql, raw_path(each.change.constraint.name)[-1]) or sql
        sql = compose.on_table(sql, raw_path(new))
        if sql is None:
            return NoWay(f"the statement cannot be written for another table than {table.name}", WAY)
        changed.append(sql)
    return (made, *changed)


def _indexes(new: str, facts: Attached, key: tuple[str, ...]) -> tuple[Indexed, ...] | NoWay:
    """Each index for the new table: the key's and exclusions at once, the others when it is full, unique ones last."""
    found: list[Indexed] = []
    for index in facts.indexes:
        made = _index(new, index, key)
        if isinstance(made, NoWay):
            return made
        found.append(made)
    if not any(
        not each.late and each.index.unique and each.index.columns == frozenset(key) for each in found
    ):
        return NoWay("its key has no index that the new table could have", WAY)
    return tuple(sorted(found, key=lambda each: each.index.unique))


def _index(new: str, index: AttachedIndex, key: tuple[str, ...]) -> Indexed | NoWay:
    if not index.valid:
        return NoWay(f"the index {index.name} is not valid", "drop it, or build it again, first")
    if index.tablespace:
        return NoWay(f"the index {index.name} is in the tablespace {index.tablespace}", WAY)
    name, was = temporary("ix", index.name), temporary("was", index.name)
    definition = index.constraint_definition or ""
    early = (
        index.kind == "x"
        or "WITHOUT OVERLAPS" in definition
        or (index.unique and index.columns == frozenset(key) and "WHERE" not in index.definition)
    )
    if early and index.constraint is not None:
        return Indexed(
            index, index.name, name, was, f"ALTER TABLE {new} ADD CONSTRAINT {name} {definition}", late=False
        )
    made = twins.index_on(index.definition, name, raw_path(new), concurrently=not early)
    if made is None:
        return NoWay(f"the definition of {index.name} cannot be written for another table", WAY)
    adopts = None
    if index.constraint is not None:
        word = "PRIMARY KEY" if index.kind == "p" else "UNIQUE"
        when = (
            " DEFERRABLE INITIALLY DEFERRED" if index.deferred else " DEFERRABLE" if index.deferrable else ""
        )
        adopts = f"{word} USING INDEX {name}{when}"
    return Indexed(index, index.name, name, was, made, late=not early, adopts=adopts)


def same_types(facts: Attached, table: Table, changes: Sequence[Change], case: Case) -> Iterator[str]:
    """Foreign keys that the changed columns could not have, in words."""
    for change in changes:
        if not isinstance(change, AlterColumnType):
            continue
        for other, key in case.scene.schema.referencing(table.name):
            mine = dict(zip(key.referenced_columns, key.columns, strict=False)).get(change.column)
            theirs = other.column(mine) if mine else None
            if theirs is not None and not comparable(theirs.type, change.type):
                yield f"{other.name}.{theirs.name} refers to {table.name}.{change.column}, and is {theirs.type}"
        users = facts.columns[change.column].users if change.column in facts.columns else ()
        if users:
            yield f"{table.name}.{change.column} is used by {', '.join(users)}"

"""A new column that is computed from others is filled for the old application too, for as long as it runs.

The guides' migration: add a column, fill it by one UPDATE, demand it, drop what it replaces. Taken one by one, the
rows that the old version writes after the UPDATE have no value, and NOT NULL fails its INSERTs. Here the UPDATE says how
the value comes about, and a trigger goes on doing it until the old version is gone.

## As written

```sql
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || ' ' || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
ALTER TABLE people DROP COLUMN first, DROP COLUMN last;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the trigger's function is made, and run on a scratch copy | none |
| expand | `ALTER TABLE people ADD COLUMN name text` and the trigger | ACCESS EXCLUSIVE, milliseconds |
| backfill | the UPDATE, in batches, where the new column is still empty | row locks, a batch at a time |
| expand | `SET NOT NULL` by its own rewrite; whatever else the migration says | see there |
| contract | `DROP TRIGGER` and its function; then the dropped columns by `drop-column` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | `DROP TRIGGER`, its function, `DROP COLUMN name` | ACCESS EXCLUSIVE, milliseconds |

## Why it is right

One row, one lock: an INSERT that leaves the new column out gets the value; an UPDATE that changes what it is computed from
computes it again; one that sets the new column itself is left alone. An UPDATE that copies a column which the same
migration drops is a rename by hand, or a new type: then what the new version writes goes back to the old column as well.

Not where the UPDATE says more than the row knows: other tables, aggregates, a value that differs each time. It runs then by
its own rewrite, and what the old version writes after it has no value.

Source: expand-contract.md §3.3, §4.6, §4.13.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from midair.dialects.postgresql import compose, twins
from midair.dialects.postgresql.assigned import assigned
from midair.dialects.postgresql.batches import filled
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.conversions import base_of
from midair.model.change import AddColumn, Change, Column, DropColumn, SetNotNull, Update
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.plan import Phase
from midair.model.schema import Table
from midair.model.statement import Sql, Statement
from midair.rewriting.names import raw
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, Phases, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import SCRATCH, Pair, function_name, trigger_name


@dataclass(frozen=True, slots=True)
class _Filled:
    """One new column: the statement that adds it, the pair that fills it, and its UPDATE for the rows that were there."""

    column: Column
    added: str
    pair: Pair
    trigger: str
    fill: Piece


@recipe("fill-column", AddColumn)
def fill_column(change: AddColumn, case: Case) -> Answer:
    table = case.table(change.table)
    facts = case.scene.attached.get(change.table)
    if table is None or facts is None or not facts.plain or table.kind != "table":
        return None
    adds, updates, takes = _gathered(change, case)
    if not updates:
        return None
    rest = [part for each in case.following[takes:] for part in changes_of(each.sql)]
    proofs = [each for each in case.following[:takes] if isinstance(changes_of(each.sql)[0], SetNotNull)]
    required = {getattr(changes_of(each.sql)[0], "column", "") for each in proofs}
    made: list[_Filled] = []
    for sql, column in adds:
        value = _value(column, updates)
        if value is None:
            return None
        down = _down(table, column, value[0], rest, required=column.name in required)
        one = _filled(table, column, sql, value, down, case)
        if one is None:
            return None
        made.append(one)
    schema = case.scene.schema
    empties = not any(base_of(each.type, schema)[1] for each in (*table.columns, *(one for _, one in adds)))
    return _phases(table, made, [each.sql for each in proofs], takes, empties=empties)


def _phases(
    table: Table, made: Sequence[_Filled], required: Sequence[str], takes: int, *, empties: bool
) -> Phases:
    name, only = table.name, ((table.name, LockLevel.ACCESS_EXCLUSIVE),)
    names = ", ".join(each.column.name for each in made)
    ends = [
        sql
        for each in made
        for sql in (f"DROP TRIGGER {each.trigger} ON {name}", f"DROP FUNCTION {each.pair.function}()")
    ]
    functions = [
        Piece(each.pair.definition(), why=f"fills {each.column.name} for the old version") for each in made
    ]
    tried = [
        Piece(
            each.pair.trial(name, compose.on_table(each.added, (SCRATCH,)) or each.added, empties=empties),
            why="the function is run on a scratch copy before it is installed",
            long=True,
        )
        for each in made
    ]
    begun = [
        Piece(sql, locks=only, why=f"{names}, filled with every write from here on")
        for each in made
        for sql in (each.added, each.pair.trigger(each.trigger, name))
    ]
    proofs = [
        Piece(sql, again=True, why="every row has a value, and every write gives one") for sql in required
    ]
    sources = dict.fromkeys(source for each in made for source in each.pair.sources)
    return Phases(
        expand=(*functions, *tried, *begun, *(each.fill for each in made), *proofs),
        contract=tuple(ends),
        locks=only,
        undo=(*ends, *(f"ALTER TABLE {name} DROP COLUMN {each.column.name}" for each in made)),
        undo_locks=only,
        summary=f"{name}.{names} is filled from {', '.join(sources)} for the old version",
        holds=tuple(Held(name, each) for each in (*(each.column.name for each in made), *sources)),
        reverses=f"drop column {name}.{made[0].column.name}" if len(made) == 1 else "",
        verify=_intact(name, made),
        additive=True,
        takes=takes,
    )


def _intact(table: str, made: Sequence[_Filled]) -> Need:
    names = ", ".join(f"'{raw(each.trigger)}'" for each in made)
    text = f"SELECT {len(made)} - count(*)::int FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname IN ({names}) AND tgenabled IN ('O', 'A')"
    return Need(Sql(text, (table,)), f"the trigger that fills {table} is not as it was made")


def _gathered(change: AddColumn, case: Case) -> tuple[list[tuple[str, Column]], list[Statement], int]:
    """The columns added in a row, the UPDATEs of them behind, and how many of the following statements that are."""
    adds, updates, takes = [(case.sql, change.column)], list[Statement](), 0
    if not _is_plain(change, case):
        return adds, [], 0
    for each in case.following:
        parts = changes_of(each.sql)
        names = {column.name for _, column in adds}
        if len(parts) != 1 or not _belongs(parts[0], change.table, names, bool(updates), case):
            break
        if isinstance(parts[0], AddColumn):
            adds.append((each.sql, parts[0].column))
        elif isinstance(parts[0], Update):
            updates.append(each)
        takes += 1
    return adds, updates, takes


def _belongs(part: Change, table: str, names: set[str], filling: bool, case: Case) -> bool:
    match part:
        case AddColumn(table=other) if other == table and not filling:
            return _is_plain(part, case)
        case Update(table=other, sets=sets, reads=reads):
            return other == table and set(sets) <= names and not reads
        case SetNotNull(table=other, column=column):
            return other == table and column in names and filling
        case _:
            return False


def _is_plain(change: AddColumn, case: Case) -> bool:
    """A column that is empty at first: no value is given to rows that leave it out."""
    column = change.column
    special = column.default or column.identity or column.generated or column.serial or column.not_null
    return not special and not change.constraints and not change.if_not_exists


def _value(column: Column, updates: Sequence[Statement]) -> tuple[str, str] | None:
    """The expression that the UPDATEs give the column, and the condition on it; `None` unless exactly one does."""
    found = [value for each in updates for name, value in assigned(each.sql).items() if name == column.name]
    return found[0] if len(found) == 1 else None


def _filled(
    table: Table, column: Column, added: str, value: tuple[str, str], down: str | None, case: Case
) -> _Filled | None:
    expression, condition = value
    given = f"CASE WHEN {condition} THEN {expression} END" if condition else expression
    names = [each.name for each in table.columns]
    up = twins.of_row(given, "new", table.name, names)
    trigger = trigger_name(column.name, case.scene.attached[table.name].row_triggers)
    if up is None or trigger is None:
        return None
    sources = tuple(dict.fromkeys(each for each in twins.columns_of(given) if each in names))
    scene = case.scene.after((AddColumn(table.name, column),))
    text = f"UPDATE {table.name} SET {column.name} = {expression} WHERE {column.name} IS NULL AND ({given}) IS NOT NULL"
    fill = filled(replace(case.statement, sql=text), scene.schema, scene.version, strict=True)
    if isinstance(fill, str) or not sources:
        return None
    piece = Piece(
        text, why=f"the rows that were there, in batches, walked by {fill.walks_by}", phase=Phase.BACKFILL, long=True, action=fill
    )  # fmt: skip
    pair = Pair(
        function_name("fill", table.name, column.name),
        column.name,
        sources,
        up,
        down,
    )
    return _Filled(column, added, pair, trigger, piece)


def _down(
    table: Table, column: Column, expression: str, rest: Sequence[Change], *, required: bool
) -> str | None:
    """What the old column becomes by what the new version writes: where the one is a copy of the other, and replaces it."""
    source = twins.copied_column(expression)
    found = table.column(source) if source is not None else None
    dropped = any(
        isinstance(each, DropColumn) and each.table == table.name and each.column == source for each in rest
    )
    if found is None or not dropped or found.identity or found.generated or found.serial:
        return None
    # A default fills what is left out and what is NULL alike: nobody could tell them apart, unless NULL is refused.
    return f"NEW.{column.name}" if found.default is None or required else None

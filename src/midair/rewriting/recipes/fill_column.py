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
computes it again; one that sets the new column itself is left alone, and no later write of other columns computes it anew.
An UPDATE that copies a column which the same migration drops is a rename by hand, or a new type: then what the new version
writes goes back to the old column as well.

Of any other column SQL does not say the way back, its author can: `-- midair: down = split_part(name, ' ', 1)` above the
statement that drops `first`; or above the ADD COLUMN or its UPDATE, with several columns dropped as
`down = (split_part(name, ' ', 1), split_part(name, ' ', 2))`, in the order in which the value names them. It need not be
exact: the old columns of a row follow it only when the new version writes the new column. Without it they keep the old
version's last values, a rollback restores those, and `plan` says so. `-- midair: up = …` above the ADD COLUMN stands in
for the UPDATE.

Not where the UPDATE says more than the row knows: other tables, aggregates, a value that differs each time. It runs then by
its own rewrite, and what the old version writes after it has no value.

Source: expand-contract.md §3.3, §4.6, §4.13.
"""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql import compose, twins
from midair.dialects.postgresql.assigned import assigned
from midair.dialects.postgresql.batches import filled
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.conversions import base_of
from midair.model.change import AddColumn, Change, Column, SetNotNull, Update
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.intent import Intent
from midair.model.plan import Phase
from midair.model.schema import Table
from midair.model.statement import Sql, Statement
from midair.rewriting.names import raw
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import SCRATCH, Pair, function_name, trigger_name
from midair.rewriting.way_back import WaysBack, ways_back


@frozen
class _Filled:
    """One new column: the statement that adds it, the pair that fills it, and its UPDATE for the rows that were there."""

    column: Column
    added: str
    pair: Pair
    trigger: str
    fill: Piece
    dropped: tuple[str, ...]
    """What the same migration drops of the columns it is computed from."""


@frozen
class _Added:
    """A column that is added, by this statement, and what its author declared of it."""

    sql: str
    column: Column
    intent: Intent | None


@recipe("fill-column", AddColumn)
def fill_column(change: AddColumn, case: Case) -> Answer:
    table = case.table(change.table)
    facts = case.scene.attached.get(change.table)
    if table is None or facts is None or not facts.plain or table.kind != "table":
        return None
    adds, updates, takes = _gathered(change, case)
    if not updates and not any(each.intent is not None and each.intent.up for each in adds):
        return None
    proofs = [each for each in case.following[:takes] if isinstance(changes_of(each.sql)[0], SetNotNull)]
    required = {getattr(changes_of(each.sql)[0], "column", "") for each in proofs}
    made: list[_Filled] = []
    for each in adds:
        value = _value(each, updates)
        if value is None:
            return None
        down = ways_back(
            table,
            each.column,
            value,
            _intents(each, updates),
            case.following[takes:],
            required=each.column.name in required,
        )
        one = down if isinstance(down, NoWay) else _filled(table, each, value, down, case, updates)
        if one is None or isinstance(one, NoWay):
            return one
        made.append(one)
    schema = case.scene.schema
    empties = not any(
        base_of(each.type, schema)[1] for each in (*table.columns, *(each.column for each in adds))
    )
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
            each.pair.trial(
                name,
                compose.on_table(each.added, (SCRATCH,)) or each.added,
                kind=each.column.type.name,
                empties=empties,
            ),
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
        comes_back="everything, for nothing went but the trigger",
        additive=True,
        takes=takes,
        notes=tuple(note for each in made for note in _notes(name, each)),
    )


def _notes(table: str, one: _Filled) -> Iterator[str]:
    known = {column for column, _ in one.pair.down}
    silent = [f"{table}.{each}" for each in one.dropped if each not in known]
    if silent:
        yield (
            f"nobody said how {' and '.join(silent)} follow from {table}.{one.column.name}: what the new version writes there does not"
            f" reach the old one, and a rollback restores the old version's last values; say it by `-- midair: down = …` (docs/intent.md)"
        )


def _intact(table: str, made: Sequence[_Filled]) -> Need:
    names = ", ".join(f"'{raw(each.trigger)}'" for each in made)
    text = f"SELECT {len(made)} - count(*)::int FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname IN ({names}) AND tgenabled IN ('O', 'A')"
    return Need(Sql(text, (table,)), f"the trigger that fills {table} is not as it was made")


def _gathered(change: AddColumn, case: Case) -> tuple[list[_Added], list[Statement], int]:
    """The columns added in a row, the UPDATEs of them behind, and how many of the following statements that are."""
    adds, updates, takes = [_Added(case.sql, change.column, case.statement.intent)], list[Statement](), 0
    if not _is_plain(change, case):
        return adds, [], 0
    for each in case.following:
        parts = changes_of(each.sql)
        names = {one.column.name for one in adds}
        filling = bool(updates) or any(one.intent is not None and one.intent.up for one in adds)
        if len(parts) != 1 or not _belongs(parts[0], change.table, names, filling, case):
            break
        if isinstance(parts[0], AddColumn):
            adds.append(_Added(each.sql, parts[0].column, each.intent))
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


def _value(added: _Added, updates: Sequence[Statement]) -> tuple[str, str] | None:
    """The expression that the column's author or the UPDATEs give it, and the condition on it; `None` unless exactly one does."""
    if added.intent is not None and added.intent.up is not None:
        return added.intent.up, ""
    found = [
        value for each in updates for name, value in assigned(each.sql).items() if name == added.column.name
    ]
    return found[0] if len(found) == 1 else None


def _intents(added: _Added, updates: Sequence[Statement]) -> list[Intent]:
    """What is declared of this column and its UPDATEs, as far as it gives a way back."""
    said = [added.intent, *(each.intent for each in updates if added.column.name in assigned(each.sql))]
    return list(dict.fromkeys(each for each in said if each is not None and each.down is not None))


def _filled(
    table: Table,
    added: _Added,
    value: tuple[str, str],
    back: WaysBack,
    case: Case,
    updates: Sequence[Statement],
) -> _Filled | None:
    column = added.column
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
    said = next((each for each in updates if column.name in assigned(each.sql)), case.statement)
    fill = filled(replace(said, sql=text), scene.schema, scene.version, strict=True)
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
        back.values,
    )
    return _Filled(column, added.sql, pair, trigger, piece, back.dropped)

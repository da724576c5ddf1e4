"""A column of the new type is filled beside the old one, kept in step by a trigger, and takes its place in an instant.

A type that is stored differently makes the server write the whole table again, and all its indexes, while nobody can
use it. Here the table gets a second column; every write fills it from the first, the rows that were there are filled in
batches, what hangs on the column is built for it while work goes on. Then the two exchange their names.

## As written

```sql
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the trigger's functions are made, and run on a scratch copy | none |
| expand | `ALTER TABLE orders ADD COLUMN midair_new_orders_id bigint`, the trigger that fills it, its comment and grants | ACCESS EXCLUSIVE, milliseconds |
| backfill | the rows that were there, in batches | row locks, a batch at a time |
| expand | NOT NULL, indexes, checks, foreign keys in both directions, statistics, by their own rewrites; unique indexes last; `ANALYZE` | see there |
| expand | the exchange: keys and constraints, the columns' names, default, identity or sequence, the trigger turned round | ACCESS EXCLUSIVE on the table and those that refer to it, milliseconds |
| contract | `DROP TRIGGER`, its function, `DROP COLUMN midair_old_orders_id` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | unique indexes, NOT NULL and foreign keys are made for the old column again, while work goes on; then the same exchange backwards | ACCESS EXCLUSIVE, milliseconds |

A value that the new type does not take fails nobody's write: its row has NULL in the new column, and the exchange is
refused, with the number of such rows and the first one's key, until they are mended.

## Why it is right

A row is written by one trigger under its own lock, so the columns cannot drift apart or wait for each other. When the
trigger is there every earlier write has ended and every later one fires it: what the backfill finds done stays done. A
last look under the lock, through an index that holds only such rows, finds what was written in between.

After the exchange the trigger fills the old column from the new one. A value that the old type cannot hold leaves it
empty there; from the first one on the way back is refused, and says so. Values nobody changed are as they were.

A new type made by hand is taken for what it is: a column added, filled by an UPDATE, and renamed to the one that is dropped, where
nothing hangs on that one.

A default that is dropped before and set after is exchanged with the column: until then the old one fills what INSERTs leave out.

The column stands at the table's end from then on: an INSERT that names no columns, COPY without a list, and `SELECT *`
see another order. A statement prepared before that reads the column fails after the exchange until it is prepared again
(psycopg does so by itself in transactions, and in autocommit not until it reconnects), as it would after the statement as written. The sequence of a serial column counts in the new integer type.

Refused: partitioned and inherited tables; columns of an exclusion constraint, a deferrable key or a generated column;
tables published with all their columns; rules and triggers once a statement; expressions that read other tables or
give another value each time.

Source: expand-contract.md §3.2–3.6, §4.4.
"""

from midair.dialects.postgresql.assigned import assigned
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AddColumn,
    AlterColumnType,
    Change,
    DropColumn,
    DropDefault,
    RenameColumn,
    SetDefault,
    SetNotNull,
    Update,
)
from midair.model.frozen import replace
from midair.model.intent import Way
from midair.model.statement import Statement
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.twinned import phases_of, twin_of


@recipe("change-type", AlterColumnType, DropDefault, AddColumn, answers=("MA118",))
def change_type(change: AlterColumnType | DropDefault | AddColumn, case: Case) -> Answer:
    if isinstance(change, AddColumn):
        return _by_hand(change, case)
    resets, following = isinstance(change, DropDefault), case.following
    if isinstance(change, DropDefault):
        retyped = _only(following[0]) if following else None
        if not isinstance(retyped, AlterColumnType) or _of(retyped) != _of(change):
            return None
        statement, change, following = following[0], retyped, following[1:]
        case = Case(statement, case.scene.effects((change,)), case.scene)
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if not case.is_long or table is None or column is None:
        return None
    intent = case.statement.intent
    if intent is not None and intent.strategy is Way.SHADOW:
        return NoWay(f"{intent.place} asks for another table", "say duplicate there, or nothing")
    last = _only(following[0]) if following else None
    sets = isinstance(last, SetDefault) and _of(last) == _of(change)
    default = last.default if isinstance(last, SetDefault) and sets else None if resets else column.default
    made = twin_of(table, column, change, case, default=default, resets=resets)
    if isinstance(made, NoWay):
        return made
    phases = phases_of((made,))
    return phases if isinstance(phases, NoWay) else replace(phases, takes=resets + sets)


def _by_hand(change: AddColumn, case: Case) -> Answer:
    """A column added, filled by an UPDATE, and renamed to one that is dropped: the new type of that one."""
    table, column = case.table(change.table), change.column
    parts = [_only(each) for each in case.following[:4]]
    required = len(parts) > 1 and parts[1] == SetNotNull(change.table, column.name)
    rest = parts[2:4] if required else parts[1:3]
    if (
        table is None
        or len(rest) != 2
        or not isinstance(parts[0], Update)
        or column.default
        or column.not_null
    ):
        return None
    drop, rename = rest
    if not isinstance(drop, DropColumn) or rename != RenameColumn(change.table, column.name, drop.column):
        return None
    was, facts = table.column(drop.column), case.scene.attached.get(change.table)
    value = assigned(case.following[0].sql).get(column.name)
    if was is None or facts is None or drop.table != table.name or value is None or value[1] or was.default:
        return None
    hangs = any(drop.column in each.columns for each in (*facts.indexes, *facts.constraints, *facts.inbound))
    if hangs or was.not_null != required or len(parts[0].sets) != 1 or column.type.name == "interval":
        return None  # what hangs on the old column goes with it: a second column would keep it
    sql = f"ALTER TABLE {table.name} ALTER COLUMN {was.name} TYPE {column.type} USING {value[0]}"
    retyped = changes_of(sql)[0]
    if not isinstance(retyped, AlterColumnType):
        return None
    inner = Case(replace(case.statement, sql=sql), case.scene.effects((retyped,)), case.scene)
    made = twin_of(table, was, retyped, inner, default=None, resets=False)
    phases = made if isinstance(made, NoWay) else phases_of((made,))
    return phases if isinstance(phases, NoWay) else replace(phases, takes=4 if required else 3)


def _only(statement: Statement) -> Change | None:
    changes = changes_of(statement.sql)
    return changes[0] if len(changes) == 1 else None


def _of(change: AlterColumnType | DropDefault | SetDefault) -> tuple[str, str]:
    return change.table, change.column

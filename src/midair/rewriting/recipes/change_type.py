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

The column stands at the table's end from then on: an INSERT that names no columns, COPY without a list, and `SELECT *`
see another order. A prepared statement that reads the column fails once after the exchange, as it would after the
statement as written. The sequence of a serial column counts in the new integer type.

Refused: partitioned and inherited tables; columns of an exclusion constraint, a deferrable key or a generated column;
tables published with all their columns; rules and triggers once a statement; expressions that read other tables or
give another value each time.

Source: expand-contract.md §3.2–3.6, §4.4.
"""

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes.expressions import default_of
from midair.dialects.postgresql.conversions import comparable, never_fails
from midair.dialects.postgresql.parse import parse
from midair.model.change import AlterColumnType, Column, ConstraintKind, Volatility
from midair.model.schema import Table
from midair.rewriting.carried import WAY, carried
from midair.rewriting.names import temporary
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import Sync, function_name, trigger_name
from midair.rewriting.twin import Twin, against_twin


@recipe("change-type", AlterColumnType, answers=("MA118",))
def change_type(change: AlterColumnType, case: Case) -> Answer:
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if not case.is_long or table is None or column is None:
        return None
    made = _twin(table, column, change, case)
    return made if isinstance(made, NoWay) else made.phases()


def _twin(table: Table, column: Column, change: AlterColumnType, case: Case) -> Twin | NoWay:
    """The twin of a column that changes its type, or why it can have none."""
    facts = case.scene.attached.get(table.name)
    if facts is None or not table.known or column.name not in facts.columns:
        return NoWay(f"the catalog tells too little of {table.name}", WAY)
    against = against_twin(table, column, facts, case) or _expression_against(table, column, change, case)
    if against is not None:
        return against
    new, old = temporary("new", table.name, column.name), temporary("old", table.name, column.name)
    if table.column(new) or table.column(old):
        return NoWay(f"{table.name} has a column {new} or {old} already", "drop it first")
    things = carried(table.name, column.name, new, old, facts)
    trigger = trigger_name(column.name, facts.row_triggers)
    added = twins.added_column(case.sql, new)
    if isinstance(things, NoWay):
        return things
    if trigger is None:
        return NoWay(
            f"{table.name} has a trigger whose name comes after every name of midair's", "rename it first"
        )
    up, down = _expressions(table, column, change)
    if added is None or up is None:
        return NoWay("the statement cannot be written for another column", WAY)
    fails = not (change.using is None or change.plain_cast) or not never_fails(
        column.type, change.type, case.scene.schema
    )
    forth = Sync(function_name("up", table.name, column.name), new, up, fails)
    back = Sync(function_name("down", table.name, column.name), old, down, down != "NULL", column.name)
    return Twin(
        table, column, facts.columns[column.name], facts.subscribed, change, new, old, added, trigger, forth, back, things, case
    )  # fmt: skip


def _expressions(table: Table, column: Column, change: AlterColumnType) -> tuple[str | None, str]:
    """What fills the new column from the row, and the old one from it."""
    if change.using is None:
        return f"NEW.{column.name}", f"NEW.{column.name}"
    up = twins.of_row(change.using, "new", table.name, [each.name for each in table.columns])
    if not change.plain_cast:
        return up, "NULL"
    # A plain cast to a type with a length would cut values off without a word; an assignment refuses them.
    cuts = bool(column.type.modifiers) and column.type.name in ("varchar", "bpchar", "varbit", "bit")
    return up, f"NEW.{column.name}" if cuts else f"NEW.{column.name}::{column.type}"


def _expression_against(table: Table, column: Column, change: AlterColumnType, case: Case) -> NoWay | None:
    for other, key in case.scene.schema.referencing(table.name):
        mine = dict(zip(key.referenced_columns, key.columns, strict=False)).get(column.name)
        theirs = other.column(mine) if mine else None
        if theirs is not None and theirs is not column and not comparable(theirs.type, change.type):
            return NoWay(
                f"{other.name}.{theirs.name} refers to it, and is {theirs.type}",
                f"drop the foreign key in a migration before; or {WAY}",
            )
    for each in table.constraints:
        if each.kind is ConstraintKind.FOREIGN_KEY and column.name in each.columns:
            found = case.scene.schema.tables.get(each.references or "")
            theirs = dict(zip(each.columns, each.referenced_columns, strict=False)).get(column.name)
            target = found.column(theirs) if found is not None and theirs else None
            if target is not None and not comparable(target.type, change.type):
                return NoWay(
                    f"it refers to {each.references}.{target.name}, which is {target.type}",
                    f"drop the foreign key in a migration before; or {WAY}",
                )
    if change.using is None or change.plain_cast:
        return None
    found = default_of(parse(f"SELECT {change.using}")[0].select_stmt.target_list[0].res_target.val)
    if found.volatility is Volatility.VOLATILE:
        return NoWay("its USING expression gives another value each time", WAY)
    return None

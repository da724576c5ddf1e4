"""A new table is filled beside the old one, kept in step by triggers, and takes its place in an instant.

For changes that make the server write the whole table again and that nothing finer covers: `SET LOGGED` and `SET UNLOGGED`,
another access method or tablespace, a stored generated column, an exclusion constraint, and changes of type that `change-type`
refuses (a column in an exclusion constraint, INSERTs without column names) or that the author wants done this way, several in one copy.

## As written

```sql
ALTER TABLE orders SET LOGGED;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | `CREATE TABLE midair_new_orders (LIKE orders …)`, the author's statements on it while it is empty, its key | none |
| expand | the functions that repeat a write in the other table, run on scratch copies, every branch | none |
| expand | the triggers that call them | SHARE ROW EXCLUSIVE, milliseconds |
| backfill | the rows that were there, in batches by the key | row locks, a batch at a time |
| expand | the other indexes `CONCURRENTLY`, statistics, `ANALYZE`, every row compared | none |
| expand | the exchange: names of tables and indexes, foreign keys in both directions, sequences, rights, policies, triggers, views, publications; the triggers turned round | ACCESS EXCLUSIVE on the table and its neighbours, milliseconds |
| expand | `VALIDATE CONSTRAINT` for each foreign key | none that blocks rows |
| contract | the triggers, their functions, `DROP TABLE midair_old_orders` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | the exchange backwards | ACCESS EXCLUSIVE, milliseconds |

Above a statement, `-- midair: strategy = shadow` asks for it where there are other ways; `down` tells how a changed value becomes an
old one again.

## Why it is right

A write names its row; then the row is read as it is and repeated in the other table, in the same transaction. So the order of
other triggers does not matter, and what rolls back rolls back in both. A row is copied under its lock: nobody changes or
deletes it between the copy's look and its arrival. When the triggers are there every earlier write has ended, so what is
neither copied nor repeated does not exist. Before the exchange all rows are compared.

A row that the new table does not take fails nobody's write. Its key is noted, and the exchange is refused until it is mended. A
transaction that works on an older snapshot (REPEATABLE READ) might not see a copied row; its rows are noted, too, and looked at again.

After the exchange the old table is filled from the new one. It has no foreign keys and its triggers sleep, so that nothing happens
twice. A value that it cannot hold closes the way back, which says so. Costs: the table and its indexes once more on disk until contract, and
each write done twice.

Refused: partitioned, inherited and typed tables; tables without a key; row security that holds for the owner; publications of all tables; rules;
materialized views, and policies or triggers of other tables, that read it; a column whose type changes and that a view reads.

Source: expand-contract.md §3.7, §4.18.
"""

from collections.abc import Iterator

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    Change,
    ChangeTable,
    ConstraintKind,
)
from midair.model.intent import Way
from midair.rewriting.carried import WAY
from midair.rewriting.costs import told
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.shadowed import Wanted, may_fail, same_types, shadow_of

_STORED = ("set logged", "set un logged", "set access method", "set table space")


@recipe("shadow-table", AlterColumnType, ChangeTable, AddColumn, AddConstraint, answers=("MA118",))
def shadow_table(change: AlterColumnType | ChangeTable | AddColumn | AddConstraint, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None or not case.is_long or not _fits(change):
        return None
    if table.kind != "table" and not isinstance(change, AlterColumnType):
        return None
    wanted = (Wanted(case.sql, change), *_following(change.table, case))
    changes = [each.change for each in wanted]
    facts = case.scene.attached.get(table.name)
    against = next(same_types(facts, table, changes, case), None) if facts is not None else None
    if against is not None:
        return NoWay(against, f"drop that in a migration before, and make it again after; or {WAY}")
    fails = any(may_fail(table, each, case) or isinstance(each, AddColumn) for each in changes)
    made = shadow_of(table, wanted, case, fails=fails)
    if isinstance(made, NoWay):
        return made
    retyped = [each for each in changes if isinstance(each, AlterColumnType)]
    reverses = f"change type {table.name}.{retyped[0].column}" if len(retyped) == 1 == len(wanted) else ""
    cost = told(case.scene, table.name, whole=True)
    return made.phases(takes=len(wanted) - 1, reverses=reverses, cost=cost)


def _fits(change: Change) -> bool:
    match change:
        case ChangeTable(action=action):
            return action in _STORED
        case AddColumn(column=column):
            return column.generated == "stored"
        case AddConstraint(constraint=constraint):
            return constraint.kind is ConstraintKind.EXCLUDE
        case AlterColumnType():
            return True
        case _:
            return False


def _following(table: str, case: Case) -> Iterator[Wanted]:
    """The statements after it that the same copy does; of types only those that are said to be done so."""
    declared = case.statement.intent is not None and case.statement.intent.strategy is Way.SHADOW
    for statement in case.following:
        changes = changes_of(statement.sql)
        change = changes[0]
        if len(changes) != 1 or getattr(change, "table", None) != table or not _fits(change):
            return
        if isinstance(change, AlterColumnType) and not declared:
            return
        yield Wanted(statement.sql, change)

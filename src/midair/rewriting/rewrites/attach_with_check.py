"""A partition is attached by a proof that is made while it is used.

ATTACH PARTITION reads the new partition to see that every row fits, while nobody can use it. A
validated check that says the same makes the server skip the look.

## As written

```sql
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ADD CONSTRAINT midair_in_events_2026 CHECK (at IS NOT NULL AND at >= … AND at < …) NOT VALID` | ACCESS EXCLUSIVE on events_2026, milliseconds |
| expand | `VALIDATE CONSTRAINT midair_in_events_2026`, in a transaction of its own | SHARE UPDATE EXCLUSIVE on events_2026, as long as it reads |
| expand | `ATTACH PARTITION`, then the check is dropped | SHARE UPDATE EXCLUSIVE on events, ACCESS EXCLUSIVE on events_2026, milliseconds |

All are transactional: their record commits with them. Undo: drop the check, detach.

## Why it is right

From the first step on no row outside the bounds can come in, and VALIDATE has seen every other row.
Dropped in the same transaction, nobody sees the check go before the bounds themselves hold.

## Not for

Several key columns, hash partitions, a partition that lacks an index or a foreign key of its parent,
a parent with a default partition: there is more to prove than bounds. Those run as written, and the plan says so.

Source: PostgreSQL manual, ALTER TABLE, "ATTACH PARTITION".
"""

from midair.model.change import AttachPartition, ConstraintKind
from midair.model.schema import Table
from midair.model.statement import Sql
from midair.rewriting.names import temporary
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("attach-with-check", AttachPartition, answers=("MA133",))
def attach_with_check(change: AttachPartition, case: Case) -> Answer:
    parent, child = case.table(change.table), case.table(change.partition)
    if not case.is_long or parent is None or child is None or change.is_default:
        return None
    reason = _more_to_prove(change, parent, child, case)
    if reason is not None:
        return Declined(reason)
    (key,) = parent.partition_key
    check = temporary("in", change.partition)
    conditions = " AND ".join((f"{key} IS NOT NULL", *(f"{key} {each}" for each in change.bounds)))
    gone = f"ALTER TABLE {change.partition} DROP CONSTRAINT IF EXISTS {check}"
    return (
        Piece(
            f"ALTER TABLE {change.partition} ADD CONSTRAINT {check} CHECK ({conditions}) NOT VALID",
            why="no row outside the bounds can come in from here on",
            undo=(Sql(gone),),
        ),
        Piece(
            f"ALTER TABLE {change.partition} VALIDATE CONSTRAINT {check}",
            why="checks the rows that were there, while work goes on",
            long=True,
        ),
        Piece(case.sql, why="proved: the server reads no row"),
        Piece(gone, why="the proof is no longer needed"),
    )


def _more_to_prove(change: AttachPartition, parent: Table, child: Table, case: Case) -> str | None:
    ranged = change.bounds and all(each.startswith((">=", "<", "in (")) for each in change.bounds)
    if len(parent.partition_key) != 1 or not ranged or parent.partition_key[0] == "":
        return "its bounds are more than a range or a list of one column"
    if any(case.scene.schema.tables[each].is_default for each in case.scene.schema.children(parent.name)):
        return "the default partition is read for rows that belong into the new one"
    if any(not any(twin.keys == each.keys for twin in child.indexes) for each in parent.indexes):
        return f"{child.name} lacks an index of {parent.name}, which is built while it is locked"
    keys = [each for each in parent.constraints if each.kind is ConstraintKind.FOREIGN_KEY]
    if any(not any(each.columns == key.columns and each.valid for each in child.constraints) for key in keys):
        return f"{child.name} lacks a foreign key of {parent.name}, which is checked while it is locked"
    return None

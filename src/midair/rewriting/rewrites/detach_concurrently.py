"""A partition is detached while the table is used.

DETACH PARTITION takes ACCESS EXCLUSIVE on the parent: every query of the whole table waits. With
CONCURRENTLY the parent is locked so that no read or write waits, and the partition follows when
nobody uses it any more.

## As written

```sql
ALTER TABLE events DETACH PARTITION events_2020;
```

## Online, PostgreSQL 14 and newer

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY`, by itself | SHARE UPDATE EXCLUSIVE on events; at the end ACCESS EXCLUSIVE on events_2020, in short tries |
| expand | `ALTER TABLE events_2020 DROP CONSTRAINT …`, the check that the server leaves | ACCESS EXCLUSIVE on events_2020, milliseconds |

Done when the catalog knows nothing of the two any more. Undo: `ATTACH PARTITION`.

## Why it is right

A detach that was cut off is half done: the parent no longer sees the partition. `FINALIZE` completes
it, and that is what the next try does. The concurrent form keeps the partition's bounds as a check of
its own, which the plain form does not: it is dropped, so that the schema is the one the author's
statement gives.

## Not for

Tables with a default partition: the server refuses the concurrent form. They are detached as written,
with the lock asked for in short tries.

Source: PostgreSQL manual, ALTER TABLE, "DETACH PARTITION".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes.names import chosen
from midair.dialects.postgresql.facts import SINCE
from midair.dialects.postgresql.state import half_detached, is_detached
from midair.model.change import DetachPartition
from midair.model.motion.naming import free_name
from midair.model.schema import bare_name
from midair.rewriting.names import raw
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("detach-concurrently", DetachPartition, answers=("MA137",))
def detach_concurrently(change: DetachPartition, case: Case) -> Answer:
    parent, schema = case.table(change.table), case.scene.schema
    if change.concurrently or change.finalize or parent is None or case.table(change.partition) is None:
        return None
    if case.scene.version < SINCE["detach partition concurrently"] or len(parent.partition_key) != 1:
        return None
    if any(schema.tables[each].is_default for each in schema.children(change.table)):
        return Declined("the server detaches nothing concurrently while there is a default partition")
    sql = compose.concurrently(case.sql)
    if sql is None:
        return Declined("it cannot be written in its concurrent form")
    bare = raw(bare_name(change.partition))
    check = free_name(schema, change.partition, chosen(bare, raw(parent.partition_key[0]), label="check"))
    return (
        Piece(
            sql,
            why="detached while the table is used",
            alone=True,
            probe=is_detached(change.table, change.partition),
            repair=half_detached(change.table, change.partition),
        ),
        Piece(
            f"ALTER TABLE {change.partition} DROP CONSTRAINT IF EXISTS {check}",
            why="the check of its old bounds, which the plain form would not leave",
        ),
    )

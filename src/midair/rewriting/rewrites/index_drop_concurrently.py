"""An index is dropped while queries on its table go on.

DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every query, and every query behind it
waits too; the file is removed while it holds the lock. DROP INDEX CONCURRENTLY first makes the
index invisible, waits for those who may still use it, and then removes it.

## As written

```sql
DROP INDEX orders_placed_at;
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `DROP INDEX CONCURRENTLY orders_placed_at`, by itself | SHARE UPDATE EXCLUSIVE, as long as it waits |

Done when nothing has the name. Undo: none; build it again.

## Why it is right

The end is the same. A drop that was cut off leaves the index invalid under its name, and the same
statement completes it.

## Not for

Indexes of partitioned tables and of constraints, `CASCADE`, and small tables: the server refuses the
concurrent form or it gains nothing. They are dropped as written, with the lock asked for in short tries.

Source: PostgreSQL manual, DROP INDEX, "CONCURRENTLY".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.state import index_is_gone
from midair.model.change import DropIndex
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("index-drop-concurrently", DropIndex, answers=("MA102",))
def index_drop_concurrently(change: DropIndex, case: Case) -> Answer:
    owner = case.scene.schema.table_of_index(change.index)
    table = case.table(owner.name) if owner else None
    if change.concurrently or change.cascade or change.together > 1 or table is None:
        return None
    index = table.index(change.index)
    if table.kind == "partitioned" or index is None or index.parent or case.scene.is_small(table.name):
        return None
    sql = compose.concurrently(case.sql)
    if sql is None:
        return Declined("it cannot be written in its concurrent form")
    return (
        Piece(
            sql,
            why="dropped while queries go on",
            alone=True,
            patient=True,
            probe=index_is_gone(change.index),
        ),
    )

"""Many rows are changed a few at a time, and nobody waits for a row for long.

One UPDATE over a large table locks every row it changes until it ends, leaves as many dead rows as the
table has, and all of it is lost when it is cut off. In batches, each commits together with the place to go on
from; rows that the application has locked are left for a later round.

## As written

```sql
UPDATE orders SET total_cents = total * 100 WHERE total_cents IS NULL;
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| backfill | the statement in batches, walked by the table's key | ROW EXCLUSIVE, and the rows of one batch for some tens of milliseconds |

Undo: none is known.

## Why it is right

Only where it is proved on the syntax tree that what a row becomes depends on that row alone (and on
tables nobody changes here), that every row gets its turn, and that none gets a second one that would count.
Everything else runs as written, and the plan says why.

## Not for

Small tables, and statements whose rows depend on each other: aggregates, LIMIT, RETURNING, sub-selects on the
table itself, changes of the key.
"""

from midair.dialects.postgresql.batches import batched
from midair.model.change import Delete, Insert, Update
from midair.model.plan import Phase
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("rows-in-batches", Update, Delete, Insert, answers=("MA601", "MA602", "MA603", "MA604"))
def rows_in_batches(change: Update | Delete | Insert, case: Case) -> Answer:
    if not case.is_long or case.table(change.table) is None:
        return None
    made = batched(case.statement, case.scene.schema, case.scene.version)
    if isinstance(made, str):
        return Declined(f"its rows are not changed in batches, because {made}")
    return (
        Piece(
            case.sql,
            why=f"in batches, walked by {made.walks_by}",
            phase=Phase.BACKFILL,
            long=True,
            action=made,
        ),
    )

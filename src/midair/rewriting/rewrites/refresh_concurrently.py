"""A materialized view is brought up to date while it is read.

REFRESH MATERIALIZED VIEW lets nobody read the view until it is filled anew. With CONCURRENTLY the server
computes the new rows beside it and changes only those that differ.

## As written

```sql
REFRESH MATERIALIZED VIEW sales;
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `REFRESH MATERIALIZED VIEW CONCURRENTLY sales`, in a transaction of its own | EXCLUSIVE on the view, which readers do not wait for |

Transactional: its record commits with it. Undo: none is needed.

## Not for

Views without a unique index on plain columns, and views that were never filled: the server refuses the
concurrent form. They are refreshed as written.

Source: PostgreSQL manual, REFRESH MATERIALIZED VIEW, "CONCURRENTLY".
"""

from midair.dialects.postgresql import compose
from midair.model.change import RefreshView
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("refresh-concurrently", RefreshView, answers=("MA132",))
def refresh_concurrently(change: RefreshView, case: Case) -> Answer:
    view = case.table(change.view)
    if change.concurrently or not change.with_data or view is None or not case.is_long:
        return None
    fit = any(
        each.unique and each.valid and not each.partial and not each.expressions and each.columns
        for each in view.indexes
    )
    if not fit:
        return Declined("the view has no unique index on plain columns, so readers wait until it is filled")
    if not view.bytes:
        return None  # never filled, or empty: nobody reads it at length
    sql = compose.concurrently(case.sql)
    if sql is None:
        return Declined("it cannot be written in its concurrent form")
    return (Piece(sql, why="filled while it is read", long=True),)

"""An index is built anew beside the old one, while reads and writes go on.

REINDEX locks the index against every query that could use it, and the table against writes. With
CONCURRENTLY the new index is built beside the old one and takes its place.

## As written

```sql
REINDEX TABLE orders;
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `REINDEX (CONCURRENTLY) TABLE orders`, by itself | SHARE UPDATE EXCLUSIVE, as long as it takes |

Running it twice does no harm, so after a crash it is run again. Undo: none is needed.

## Why it is right

The end is the same. What a run that was cut off leaves is an index that is not valid with `_ccnew` or
`_ccold` behind its name, also on the table's out-of-line values: those are dropped before the next try.

Source: PostgreSQL manual, REINDEX, "Rebuilding Indexes Concurrently".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.facts import SINCE
from midair.dialects.postgresql.state import cut_off_reindex, cut_off_toast_reindex
from midair.model.change import Reindex
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("reindex-concurrently", Reindex, answers=("MA103",))
def reindex_concurrently(change: Reindex, case: Case) -> Answer:
    if (
        change.concurrently
        or change.kind not in ("index", "table")
        or not case.is_long
        or change.name is None
    ):
        return None
    schema = case.scene.schema
    table = schema.table_of_index(change.name) if change.kind == "index" else schema.tables.get(change.name)
    if table is None or table.kind == "partitioned":
        return Declined("only plain tables and their indexes can be rebuilt beside themselves")
    sql = compose.concurrently(case.sql)
    if case.scene.version < SINCE["reindex (concurrently)"]:
        sql = f"REINDEX {change.kind.upper()} CONCURRENTLY {change.name}"
    if sql is None:
        return Declined("it cannot be written in its concurrent form")
    if change.kind == "index":
        repair = cut_off_reindex((change.name,))
    else:
        repair = cut_off_toast_reindex(
            table.name, cut_off_reindex(tuple(each.name for each in table.indexes))
        )
    return (
        Piece(
            sql,
            why="built beside the old one while work goes on",
            alone=True,
            long=True,
            patient=True,
            repair=repair,
        ),
    )

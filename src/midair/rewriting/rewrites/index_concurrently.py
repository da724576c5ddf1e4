"""An index is built while writes go on.

CREATE INDEX lets nobody write until the last row is indexed. CREATE INDEX CONCURRENTLY reads the
table twice, waits in between for transactions that are older than itself, and holds SHARE UPDATE
EXCLUSIVE only, which no read or write waits for.

## As written

```sql
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at)`, by itself | SHARE UPDATE EXCLUSIVE, as long as it takes |

Done when the index is valid. Undo: `DROP INDEX CONCURRENTLY`.

## Why it is right

The index is the same one under the same name; queries use it once it is valid. A build that was cut
off leaves an index of that name that is not valid, which costs writes and helps nobody: before a new
try it is dropped, and only if it stands on this very table and is not valid. A unique index that
meets duplicates ends the same way, and the migration stops with the server's own message.

A server process whose client died goes on building. It still holds midair's lock, so the next run
waits for it, asks whether the index is valid now, and takes it as it is.

## Not for

Partitioned tables (see `index-on-partitions`) and tables this plan creates.

Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.state import cut_off_index, index_is_valid
from midair.model.change import CreateIndex
from midair.model.motion.naming import free_name
from midair.model.schema import bare_name, beside
from midair.model.statement import Sql
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("index-concurrently", CreateIndex, answers=("MA101",))
def index_concurrently(change: CreateIndex, case: Case) -> Answer:
    table = case.table(change.table)
    if change.concurrently or not case.is_long or table is None or table.kind == "partitioned":
        return None
    name = change.index.name
    if not change.named:
        name = beside(change.table, free_name(case.scene.schema, change.table, bare_name(name)))
    sql = compose.index_on(case.sql, raw(bare_name(name)), raw_path(change.table), only=False)
    if sql is None:
        return Declined("its definition cannot be written in another form")
    return (
        Piece(
            sql,
            why="built while writes go on",
            alone=True,
            long=True,
            patient=True,
            probe=index_is_valid(name),
            repair=cut_off_index(name, change.table),
            undo=(Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"),),
        ),
    )

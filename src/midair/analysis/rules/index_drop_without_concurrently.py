"""Dropping an index in the ordinary way locks its table against reads and writes.

The work is short, but the lock is ACCESS EXCLUSIVE: it waits for every running query on the table,
and everything that comes later waits behind it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Avoid

```sql
DROP INDEX orders_placed_at; -- finds MA102
```

## Prefer

```sql
DROP INDEX CONCURRENTLY orders_placed_at;
```

## Fine when

The index is on a partitioned table: there the server has no concurrent form.

Source: PostgreSQL manual, DROP INDEX.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import said
from midair.model.change import DropIndex
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA102", "index-drop-without-concurrently", Risk.MEDIUM, DropIndex, recipe="R2")
def index_drop_without_concurrently(change: DropIndex, context: Context) -> Iterator[Concern]:
    if change.concurrently or context.effects(change).refused:
        return
    if change.if_exists and context.schema.exists(change.index) is False:
        return
    table = context.schema.table_of_index(change.index)
    if table is not None and (context.is_new(table.name) or table.kind == "partitioned"):
        return
    where = table.name if table else "its table"
    yield Concern(
        f"dropping {change.index} takes {said(LockLevel.ACCESS_EXCLUSIVE, where)} while it waits for running queries",
        Remedy(
            "drop it concurrently, outside a transaction",
            (f"DROP INDEX CONCURRENTLY {change.index}",),
            f'with op.get_context().autocommit_block():\n    op.drop_index("{bare_name(change.index)}", postgresql_concurrently=True)',
            certain=change.together == 1 and not change.cascade,
        ),
        table=table.name if table else None,
    )

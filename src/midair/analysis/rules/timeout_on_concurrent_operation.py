"""A timeout round a concurrent build cuts it off, and leaves an invalid index.

It waits for other transactions, that is its nature; it does not make others wait.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

## Avoid

```sql
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at); -- finds MA512
```

## Prefer

```sql
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at);
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex, DropIndex, Reindex
from midair.model.finding import Remedy, Risk


@rule("MA512", "timeout-on-concurrent-operation", Risk.MEDIUM, CreateIndex, Reindex, DropIndex)
def timeout_on_concurrent_operation(
    change: CreateIndex | Reindex | DropIndex, context: Context
) -> Iterator[Concern]:
    if not change.concurrently:
        return
    for name in ("lock_timeout", "statement_timeout"):
        value = context.act.settings.get(name)
        if value not in (None, "0"):
            yield Concern(
                f"{name} is {value}: the build is cut off when it waits longer, and leaves an invalid index",
                Remedy("no timeout round it", (f"SET {name} = 0",)),
            )
            return

"""Detaching a partition in the ordinary way locks the whole partitioned table against reads and writes.

## Given

```sql
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
```

## Avoid

```sql
ALTER TABLE events DETACH PARTITION events_2025; -- finds MA137
```

## Prefer

```sql
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
```

## Fine when

There is a default partition: then the server has no concurrent form.

Source: PostgreSQL manual, ALTER TABLE, "DETACH PARTITION" (CONCURRENTLY since 14).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import said
from midair.model.change import DetachPartition
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule("MA137", "detach-without-concurrently", Risk.MEDIUM, DetachPartition, recipe="R23")
def detach_without_concurrently(change: DetachPartition, context: Context) -> Iterator[Concern]:
    if change.concurrently or change.finalize or context.is_new(change.table) or (context.version or 14) < 14:
        return
    children = (context.table(each) for each in context.schema.children(change.table))
    if any(each is not None and each.is_default for each in children):
        return
    yield Concern(
        f"detaching {change.partition} takes {said(LockLevel.ACCESS_EXCLUSIVE, change.table)}",
        Remedy(
            "detach concurrently, outside a transaction",
            (f"ALTER TABLE {change.table} DETACH PARTITION {change.partition} CONCURRENTLY",),
            certain=len(context.act.changes) == 1,
        ),
        table=change.table,
    )

"""Reindexing a partitioned table concurrently still begins with a lock that stops writes to each partition.

## Given

```sql
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX events_id ON events (id);
```

## Avoid

```sql
REINDEX TABLE CONCURRENTLY events; -- finds MA143
```

## Prefer

```sql
REINDEX TABLE CONCURRENTLY events_2025;
```

Source: measured on 15 and 18 (SHARE on each partition first).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Reindex
from midair.model.finding import Remedy, Risk


@rule("MA143", "reindex-partitioned", Risk.MEDIUM, Reindex, recipe="R3")
def reindex_partitioned(change: Reindex, context: Context) -> Iterator[Concern]:
    if not change.concurrently or change.name is None:
        return
    table = (
        context.schema.table_of_index(change.name) if change.kind == "index" else context.table(change.name)
    )
    if table is not None and table.kind == "partitioned":
        yield Concern(
            f"each partition of {table.name} is first asked for SHARE: writes queue behind it",
            Remedy(
                "one partition at a time",
                tuple(f"REINDEX TABLE CONCURRENTLY {each}" for each in context.schema.children(table.name)),
            ),
            table=table.name,
        )

"""CREATE INDEX CONCURRENTLY is refused on a partitioned table.

## Given

```sql
CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
```

## Avoid

```sql
CREATE INDEX CONCURRENTLY events_id ON events (id); -- finds MA404; refused 0A000
```

## Prefer

```sql
CREATE INDEX events_id ON ONLY events (id);
-- next migration
CREATE INDEX CONCURRENTLY events_2025_id ON events_2025 (id);
-- next migration
ALTER INDEX events_id ATTACH PARTITION events_2025_id;
```

Source: PostgreSQL manual, CREATE INDEX (0A000).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import index_by_partition
from midair.model.change import CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA404", "concurrent-index-on-partitioned", Risk.HIGH, CreateIndex, recipe="R25")
def concurrent_index_on_partitioned(change: CreateIndex, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if change.concurrently and table is not None and table.kind == "partitioned":
        yield Concern(
            f"{change.table} is partitioned: the server refuses CONCURRENTLY on it (0A000)",
            Remedy(
                "make the index ON ONLY the parent, concurrently on each partition, and attach them",
                index_by_partition(change, context.schema.children(change.table)),
            ),
        )

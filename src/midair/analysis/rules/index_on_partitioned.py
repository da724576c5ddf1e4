"""An index on a partitioned table is built on all partitions while writes to all of them wait.

CONCURRENTLY does not exist here. Made ON ONLY the parent, then concurrently on each partition and
attached, it stops nobody.

## Given

```sql
CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO events SELECT g, '2025-02-03' FROM generate_series(1, 100) g;
```

## Avoid

```sql
CREATE INDEX events_id ON events (id); -- finds MA124
```

## Prefer

```sql
CREATE INDEX events_id ON ONLY events (id);
-- next migration
CREATE INDEX CONCURRENTLY events_2025_id ON events_2025 (id);
-- next migration
ALTER INDEX events_id ATTACH PARTITION events_2025_id;
```

Source: PostgreSQL manual, CREATE INDEX, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import index_by_partition
from midair.analysis.wording import listed
from midair.model.change import CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA124", "index-on-partitioned", Risk.HIGH, CreateIndex, recipe="R25", grows=True)
def index_on_partitioned(change: CreateIndex, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if (
        table is None
        or table.kind != "partitioned"
        or change.concurrently
        or change.only
        or context.is_new(change.table)
    ):
        return
    if not context.effects(change).scans:
        return
    parts = context.schema.children(change.table)
    yield Concern(
        f"{change.index.name} is built on {listed(parts)} while writes to all of them wait",
        Remedy(
            "make it on the parent only, concurrently on each partition, and attach",
            index_by_partition(change, parts),
        ),
        table=change.table,
    )

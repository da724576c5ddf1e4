"""CREATE TABLE … PARTITION OF locks the whole partitioned table against reads and writes.

For a moment, but it must wait for every running query first. A table made by itself and attached
needs a weak lock on the parent.

## Given

```sql
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
```

## Avoid

```sql
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); -- finds MA136
```

## Prefer

```sql
CREATE TABLE events_2026 (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
```

Source: PostgreSQL manual, CREATE TABLE and ALTER TABLE; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY
from midair.analysis.wording import said
from midair.dialects.postgresql.reworded import attached_later
from midair.model.change import CreateTable
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule("MA136", "partition-of-locks-parent", Risk.MEDIUM, CreateTable, recipe="R22")
def partition_of_locks_parent(change: CreateTable, context: Context) -> Iterator[Concern]:
    if (
        change.partition_of is None
        or context.is_new(change.partition_of)
        or (change.if_not_exists and context.schema.exists(change.table))
    ):
        return
    yield Concern(
        f"creating {change.table} takes {said(LockLevel.ACCESS_EXCLUSIVE, change.partition_of)} for a moment",
        Remedy(
            "create the table by itself and attach it",
            attached_later(context.act.statement.sql) or (BRIEFLY, context.act.statement.sql),
        ),
        table=change.partition_of,
    )

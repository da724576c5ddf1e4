"""A concurrent build beside other statements: a failure leaves half of the migration behind.

Nothing rolls the rest back, and the tool runs all of it again.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN note text;
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at); -- finds MA510
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at);
```

## Fine when

midair applies it: the journal knows which statement is done.

Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.change import (
    CreateIndex,
    DetachPartition,
    DropIndex,
    Opaque,
    Reindex,
    SetSetting,
    Transaction,
)
from midair.model.finding import Remedy, Risk


@rule(
    "MA510", "concurrently-mixed-with-other-ddl", Risk.LOW, CreateIndex, DropIndex, Reindex, DetachPartition
)
def concurrently_mixed_with_other_ddl(
    change: CreateIndex | DropIndex | Reindex | DetachPartition, context: Context
) -> Iterator[Concern]:
    if not change.concurrently or context.atomic:
        return
    others = [
        act
        for act in (*context.earlier, *context.later)
        if any(not isinstance(each, SetSetting | Transaction | Opaque) for each in act.changes)
    ]
    if others:
        yield Concern(
            f"this migration has {len(others)} other statement{'s' if len(others) > 1 else ''}: if one fails, the rest is half done",
            Remedy(
                "one concurrent statement a migration",
                (context.act.statement.sql,),
                commands=new_migration("one concurrent statement"),
            ),
        )

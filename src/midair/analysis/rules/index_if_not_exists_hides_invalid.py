"""IF NOT EXISTS is content with the invalid index that a failed concurrent build left behind.

The migration succeeds, and no query ever uses the index.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

## Avoid

```sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_placed_at ON orders (placed_at); -- finds MA511
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at);
```

## Fine when

midair applies it: it looks for the invalid one and clears it away first.

Source: PostgreSQL manual, CREATE INDEX; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA511", "index-if-not-exists-hides-invalid", Risk.MEDIUM, CreateIndex, recipe="R1")
def index_if_not_exists_hides_invalid(change: CreateIndex, context: Context) -> Iterator[Concern]:
    if change.concurrently and change.if_not_exists and not context.is_new(change.table):
        yield Concern(
            f"if a cut-off build left {change.index.name} invalid, this reports success and leaves it so",
            Remedy(
                "drop what is left, and build without IF NOT EXISTS",
                (f"DROP INDEX CONCURRENTLY IF EXISTS {change.index.name}", change.safe_sql),
            ),
        )

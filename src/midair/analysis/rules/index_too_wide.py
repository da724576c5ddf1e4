"""An index over more than three columns is rarely used to the end.

## Given

```sql
CREATE TABLE orders (a integer, b integer, c integer, d integer);
```

## Avoid

```sql
CREATE INDEX CONCURRENTLY orders_all ON orders (a, b, c, d); -- finds MA814
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_ab ON orders (a, b);
```

Source: PostgreSQL manual, 11.3 "Multicolumn Indexes".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA814", "index-too-wide", Risk.LOW, CreateIndex, default=False)
def index_too_wide(change: CreateIndex, context: Context) -> Iterator[Concern]:
    if len(change.index.columns) > 3 and not change.index.unique:
        yield Concern(
            f"{change.index.name} has {len(change.index.columns)} columns",
            Remedy(
                "keep the columns that queries filter by first",
                (
                    f"CREATE INDEX CONCURRENTLY {change.index.name} ON {change.table} ({', '.join(change.index.columns[:3])})",
                ),
            ),
        )

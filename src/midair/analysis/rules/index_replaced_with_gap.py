"""The old index goes before the new one is there: queries have none in between.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz, state text);
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Avoid

```sql
DROP INDEX CONCURRENTLY orders_placed_at; -- finds MA144
CREATE INDEX CONCURRENTLY orders_placed_at_state ON orders (placed_at, state);
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_placed_at_state ON orders (placed_at, state);
-- next migration
DROP INDEX CONCURRENTLY orders_placed_at;
```

Source: measured; while the new index is built, every query it serves reads the table.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex, DropIndex
from midair.model.finding import Remedy, Risk


@rule("MA144", "index-replaced-with-gap", Risk.MEDIUM, DropIndex)
def index_replaced_with_gap(change: DropIndex, context: Context) -> Iterator[Concern]:
    table = context.schema.table_of_index(change.index)
    index = table.index(change.index) if table else None
    if index is None or table is None or context.is_new(table.name) or not index.columns or context.atomic:
        return
    for act in context.later_on(table.name):
        for each in act.changes:
            if (
                isinstance(each, CreateIndex)
                and each.table == table.name
                and each.index.columns[:1] == index.columns[:1]
            ):
                yield Concern(
                    f"{change.index} is gone before {each.index.name} is built; queries on {index.columns[0]} read the table meanwhile",
                    Remedy(
                        "build the new index first, then drop the old one",
                        (each.safe_sql or act.statement.sql, f"DROP INDEX CONCURRENTLY {change.index}"),
                    ),
                    table=table.name,
                )
                return

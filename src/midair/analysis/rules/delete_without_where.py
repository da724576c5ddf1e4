"""DELETE without WHERE removes every row.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
DELETE FROM orders; -- finds MA206
```

## Prefer

```sql
DELETE FROM orders WHERE id = 1;
```

Source: PostgreSQL manual, DELETE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, one_batch
from midair.model.change import Delete
from midair.model.finding import Remedy, Risk


@rule("MA206", "delete-without-where", Risk.HIGH, Delete, recipe="R19")
def delete_without_where(change: Delete, context: Context) -> Iterator[Concern]:
    if not change.filtered and not context.is_new(change.table):
        yield Concern(
            f"every row of {change.table} is lost",
            Remedy(
                "say which rows; if all, delete in batches, run again until none is left",
                one_batch(context, change.table),
                commands=ONLINE,
            ),
            table=change.table,
        )

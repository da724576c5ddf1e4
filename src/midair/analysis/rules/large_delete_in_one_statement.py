"""One DELETE of many rows keeps them locked to the end, and searches every referencing table for each.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
DELETE FROM orders WHERE state = 'old'; -- finds MA602
```

## Prefer

```sql
DELETE FROM orders WHERE id BETWEEN 1 AND 1000 AND state = 'old';
```

Source: measured on 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, one_batch, one_range
from midair.dialects.postgresql.effects.rows import is_bounded
from midair.model.change import Delete
from midair.model.finding import Remedy, Risk


@rule("MA602", "large-delete-in-one-statement", Risk.MEDIUM, Delete, recipe="R19", grows=True)
def large_delete_in_one_statement(change: Delete, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if (
        context.is_new(change.table)
        or not change.filtered
        or change.limited
        or (table is not None and table.empty)
    ):
        return
    if is_bounded(table, change.narrowed):
        return
    yield Concern(
        f"the rows it deletes from {change.table} stay locked until the transaction ends",
        Remedy(
            "delete in batches by the key, each in a transaction of its own, again until it changes no row",
            one_batch(context, change.table) or one_range(context, change.table),
            commands=ONLINE,
        ),
        table=change.table,
    )

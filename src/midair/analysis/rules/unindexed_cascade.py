"""Deleting here reads a referencing table from end to end, once for each row.

No index of the other table begins with its referencing columns.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
INSERT INTO customers SELECT g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
DELETE FROM customers WHERE id BETWEEN 1 AND 1000; -- finds MA608
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);
-- next migration
DELETE FROM customers WHERE id BETWEEN 1 AND 1000;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.rows import is_bounded, is_indexed
from midair.model.change import Delete
from midair.model.finding import Remedy, Risk


@rule("MA608", "unindexed-cascade", Risk.HIGH, Delete, grows=True)
def unindexed_cascade(change: Delete, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if context.is_new(change.table) or (table is not None and table.empty):
        return
    for other, key in context.schema.referencing(change.table):
        if key.enforced and other.known and not other.empty and not is_indexed(other, key.columns):
            columns = ", ".join(key.columns)
            risk = Risk.MEDIUM if is_bounded(table, change.narrowed) else None
            yield Concern(
                f"each row deleted from {change.table} reads all of {other.name}: no index begins with {columns}",
                Remedy("make the index first", (f"CREATE INDEX CONCURRENTLY ON {other.name} ({columns})",)),
                risk=risk,
                table=other.name,
            )

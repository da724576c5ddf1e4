"""A column of a domain with a constraint rewrites the table.

The server evaluates the domain's check for every row, even for NULL.

## Given

```sql
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN quantity positive; -- finds MA117
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN quantity integer, ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.conversions import base_of
from midair.model.change import AddColumn
from midair.model.finding import Remedy, Risk


@rule("MA117", "domain-column-rewrite", Risk.HIGH, AddColumn, grows=True)
def domain_column_rewrite(change: AddColumn, context: Context) -> Iterator[Concern]:
    base, constrained = base_of(change.column.type, context.schema)
    if not constrained or context.is_new(change.table) or not context.effects(change).rewrites:
        return
    yield Concern(
        f"{change.column.type} has a constraint, so adding {change.table}.{change.column.name} rewrites {change.table} under ACCESS EXCLUSIVE",
        Remedy(
            "use the type below the domain and a check that is not valid",
            (f"ALTER TABLE {change.table} ADD COLUMN {change.column.name} {base}",),
        ),
        table=change.table,
    )

"""A changed deferrability moves errors to another moment: to COMMIT, or away from it.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint CONSTRAINT orders_fk REFERENCES customers (id));
```

## Avoid

```sql
ALTER TABLE orders ALTER CONSTRAINT orders_fk DEFERRABLE INITIALLY DEFERRED; -- finds MA323
```

## Prefer

```sql
SET CONSTRAINTS ALL IMMEDIATE;
```

Source: PostgreSQL manual, ALTER TABLE, "ALTER CONSTRAINT".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import AlterConstraint
from midair.model.finding import Remedy, Risk


@rule("MA323", "constraint-deferrability-change", Risk.LOW, AlterConstraint)
def constraint_deferrability_change(change: AlterConstraint, context: Context) -> Iterator[Concern]:
    if change.deferrable is not None and not context.is_new(change.table):
        yield Concern(
            f"{change.name} is checked at another moment from now on",
            Remedy(
                "where a transaction needs the answer at once, ask for it",
                (f"SET CONSTRAINTS {change.name} IMMEDIATE",),
            )
            if change.deferrable
            else Remedy(
                "look for transactions that set it aside", commands=mentions("DEFERRED", change.name)
            ),
        )

"""Switching a foreign key to ENFORCED checks every row under ACCESS EXCLUSIVE.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
INSERT INTO customers SELECT g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
ALTER TABLE orders ADD CONSTRAINT orders_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT ENFORCED;
```

## Avoid

```sql
ALTER TABLE orders ALTER CONSTRAINT orders_fk ENFORCED; -- finds MA130
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_fk_new FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_fk_new;
```

Source: PostgreSQL 18 manual, ALTER TABLE; measured on 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, named, validated_later
from midair.model.change import AlterConstraint
from midair.model.finding import Remedy, Risk


@rule("MA130", "constraint-enforcement-switch", Risk.HIGH, AlterConstraint, grows=True)
def constraint_enforcement_switch(change: AlterConstraint, context: Context) -> Iterator[Concern]:
    if change.enforced and not context.is_new(change.table):
        table = context.table(change.table)
        found = table.constraint(change.name) if table else None
        clause = found.clause.removesuffix(" NOT ENFORCED") if found else ""
        second = named(change.name, "enforced")
        yield Concern(
            f"{change.name} is checked for every row of {change.table} under ACCESS EXCLUSIVE",
            Remedy(
                "add a second constraint as NOT VALID, validate it, then drop this one",
                (
                    *validated_later(change.table, second, clause),
                    f"ALTER TABLE {change.table} DROP CONSTRAINT {change.name}",
                )
                if clause
                else (BRIEFLY, context.act.statement.sql),
            ),
            table=change.table,
        )

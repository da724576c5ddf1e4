"""ON DELETE CASCADE lets one delete touch any number of rows elsewhere.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
```

## Avoid

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id) ON DELETE CASCADE); -- finds MA816
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
```

Source: PostgreSQL manual, 5.5.5 "Foreign Keys".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import without_cascading_key
from midair.model.change import AddConstraint, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA816", "foreign-key-cascade", Risk.LOW, CreateTable, AddConstraint, default=False)
def foreign_key_cascade(change: CreateTable | AddConstraint, context: Context) -> Iterator[Concern]:
    for key in (change.constraint,) if isinstance(change, AddConstraint) else change.constraints:
        if key.cascades:
            yield Concern(
                f"{key.name} cascades: one delete in {key.references} reaches any number of rows of {change.table}",
                Remedy(
                    "let the key refuse, and delete in the application, in batches",
                    (made,) if (made := without_cascading_key(context.act.statement.sql)) else (),
                ),
            )

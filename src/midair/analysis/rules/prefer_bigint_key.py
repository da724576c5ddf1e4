"""A key of 32 bits or less runs out, and widening it later rewrites every table that holds it.

## Avoid

```sql
CREATE TABLE orders (id serial PRIMARY KEY); -- finds MA802
```

## Prefer

```sql
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
```

Source: PostgreSQL manual, 8.1 "Numeric Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import retyped
from midair.model.change import ConstraintKind, CreateTable
from midair.model.finding import Risk


@rule("MA802", "prefer-bigint-key", Risk.LOW, CreateTable)
def prefer_bigint_key(change: CreateTable, context: Context) -> Iterator[Concern]:
    keys = {
        name
        for each in change.constraints
        if each.kind is ConstraintKind.PRIMARY_KEY and len(each.columns) == 1
        for name in each.columns
    }
    for column in change.columns:
        counts = column.serial or column.identity is not None
        if (
            column.name in keys
            and counts
            and column.type.name in ("int4", "int2")
            and change.persistence == "permanent"
        ):
            yield Concern(
                f"{change.table}.{column.name} ends at {'2 147 483 647' if column.type.name == 'int4' else '32 767'}",
                retyped(
                    "use bigint",
                    change,
                    (column,),
                    "bigserial" if column.serial else "bigint",
                    context,
                ),
            )

"""A column that may be NULL from now on meets readers that do not expect it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text NOT NULL);
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN state DROP NOT NULL; -- finds MA310
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN stage text;
```

Source: PostgreSQL manual, ALTER TABLE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import DropNotNull
from midair.model.finding import Remedy, Risk


@rule("MA310", "not-null-dropped", Risk.LOW, DropNotNull)
def not_null_dropped(change: DropNotNull, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if context.is_new(change.table) or (column is not None and not column.not_null):
        return
    yield Concern(
        f"readers of {change.table}.{change.column} may meet NULL from now on",
        Remedy("deploy readers that expect it first", commands=mentions(change.column)),
    )

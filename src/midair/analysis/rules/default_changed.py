"""A changed default meets applications that keep the old one in their own code.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text DEFAULT 'new');
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'draft'; -- finds MA309
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN stage text DEFAULT 'draft';
```

Source: PostgreSQL manual, 5.2 "Default Values".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import SetDefault
from midair.model.finding import Remedy, Risk


@rule("MA309", "default-changed", Risk.LOW, SetDefault)
def default_changed(change: SetDefault, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if (
        context.is_new(change.table)
        or context.column_is_new(change.table, change.column)
        or column is None
        or column.default is None
    ):
        return
    if column.default.sql != change.default.sql:
        yield Concern(
            f"{change.table}.{change.column} is {change.default.sql} by default from now on, {column.default.sql} before",
            Remedy("look whether a model in code still writes the old one", commands=mentions(change.column)),
        )

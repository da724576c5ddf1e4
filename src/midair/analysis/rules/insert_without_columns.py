"""INSERT without a column list breaks when a column is added.

## Given

```sql
CREATE TABLE states (name text PRIMARY KEY, rank integer);
```

## Avoid

```sql
INSERT INTO states VALUES ('new', 1); -- finds MA318
```

## Prefer

```sql
INSERT INTO states (name, rank) VALUES ('new', 1);
```

Source: PostgreSQL manual, 6.1 "Inserting Data".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.dialects.postgresql.reworded import with_columns
from midair.model.change import Insert
from midair.model.finding import Remedy, Risk


@rule("MA318", "insert-without-columns", Risk.LOW, Insert)
def insert_without_columns(change: Insert, context: Context) -> Iterator[Concern]:
    if not change.has_columns and not context.is_new(change.table):
        yield Concern(f"this depends on the columns {change.table} happens to have", _remedy(change, context))


def _remedy(change: Insert, context: Context) -> Remedy:
    table = context.table(change.table)
    columns = [each.name for each in table.columns if not each.generated] if table and table.known else []
    made = with_columns(context.act.statement.sql, columns) if columns else None
    asked = f"SELECT attname FROM pg_attribute WHERE attrelid = {quoted(change.table)}::regclass AND attnum > 0 ORDER BY attnum"
    return Remedy("name the columns", (made,) if made else (asked,))

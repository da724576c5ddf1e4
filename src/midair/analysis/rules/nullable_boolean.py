"""A boolean that may be NULL has three states.

## Avoid

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, paid boolean); -- finds MA812
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, paid boolean NOT NULL DEFAULT false);
```

Source: PostgreSQL manual, 8.6 "Boolean Type".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import in_place
from midair.dialects.postgresql.reworded import column_line
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk


@rule("MA812", "nullable-boolean", Risk.LOW, CreateTable, AddColumn, default=False)
def nullable_boolean(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    for column in change.columns if isinstance(change, CreateTable) else (change.column,):
        if column.type.name == "bool" and not column.not_null:
            yield Concern(
                f"{change.table}.{column.name} may be NULL",
                in_place(
                    "NOT NULL with a default",
                    change,
                    column_line(context.act.statement.sql, column.name, required=True, default="false"),
                ),
            )

"""A virtual generated column that is NOT NULL is computed for every row when it is added.

Without NOT NULL adding it is instant.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, price integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN doubled integer GENERATED ALWAYS AS (price * 2) VIRTUAL NOT NULL; -- finds MA139
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN doubled integer GENERATED ALWAYS AS (price * 2) VIRTUAL;
```

Source: measured on 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named, validated_later
from midair.dialects.postgresql.reworded import column_line
from midair.model.change import AddColumn
from midair.model.finding import Remedy, Risk


@rule("MA139", "virtual-column-not-null-scan", Risk.HIGH, AddColumn, grows=True)
def virtual_column_not_null_scan(change: AddColumn, context: Context) -> Iterator[Concern]:
    if (
        change.column.generated == "virtual"
        and change.column.not_null
        and not context.is_new(change.table)
        and context.effects(change).scans
    ):
        bare = column_line(context.act.statement.sql, change.column.name, required=False)
        yield Concern(
            f"all of {change.table} is read under ACCESS EXCLUSIVE to see that {change.column.name} is never NULL",
            Remedy(
                "add the column without NOT NULL, and require it in a way that looks at old rows later",
                (
                    *((f"ALTER TABLE {change.table} ADD COLUMN {bare}",) if bare else ()),
                    *validated_later(
                        change.table,
                        named(change.table, change.column.name, "not_null"),
                        f"NOT NULL {change.column.name}",
                    ),
                ),
            ),
            table=change.table,
        )

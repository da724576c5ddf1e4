"""Every old row gets the time of the migration.

`now()` and its kin are evaluated once for all rows that are there.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN placed_at timestamptz DEFAULT now(); -- finds MA321
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN placed_at timestamptz;
ALTER TABLE orders ALTER COLUMN placed_at SET DEFAULT now();
```

Source: PostgreSQL manual, ALTER TABLE, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.columns import volatility
from midair.model.change import AddColumn, Volatility
from midair.model.finding import Remedy, Risk


@rule("MA321", "stable-default-same-value", Risk.LOW, AddColumn)
def stable_default_same_value(change: AddColumn, context: Context) -> Iterator[Concern]:
    default = change.column.default
    if (
        default is not None
        and not context.is_new(change.table)
        and volatility(default, context.schema) is Volatility.STABLE
    ):
        yield Concern(
            f"every row that {change.table} has now gets the migration's own {default.sql}",
            Remedy(
                "if that is not the truth: add the column without it, then set the default for new rows",
                (
                    f"ALTER TABLE {change.table} ADD COLUMN {change.column.name} {change.column.type}",
                    f"ALTER TABLE {change.table} ALTER COLUMN {change.column.name} SET DEFAULT {default.sql}",
                ),
            ),
        )

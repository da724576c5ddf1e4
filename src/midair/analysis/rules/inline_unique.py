"""A UNIQUE or PRIMARY KEY behind ADD COLUMN builds its index while nobody can use the table.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN number text UNIQUE; -- finds MA115
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN number text;
-- next migration
CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number);
-- next migration
ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddColumn, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA115", "inline-unique", Risk.HIGH, AddColumn, recipe="R7", grows=True)
def inline_unique(change: AddColumn, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or not context.effects(change).scans:
        return
    for key in change.constraints:
        if key.kind in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY):
            name, table = change.column.name, change.table
            yield Concern(
                f"the {key.kind} behind {table}.{name} builds an index under ACCESS EXCLUSIVE on {table}",
                Remedy(
                    "add the column alone, build the index concurrently, then adopt it",
                    (
                        f"ALTER TABLE {table} ADD COLUMN {name} {change.column.type}",
                        f"CREATE UNIQUE INDEX CONCURRENTLY {key.name} ON {table} ({name})",
                        f"ALTER TABLE {table} ADD CONSTRAINT {key.name} {key.kind.upper()} USING INDEX {key.name}",
                    ),
                ),
                table=table,
            )

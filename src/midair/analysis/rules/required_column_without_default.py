"""A required column without a default fails on a table that has rows.

And where it succeeds, the running application, which does not know the column, fails to insert.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN state text NOT NULL; -- finds MA401; refused 23502
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';
```

Source: PostgreSQL manual, ALTER TABLE, "ADD COLUMN" (23502).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.columns import has_value
from midair.model.change import AddColumn
from midair.model.finding import Remedy, Risk


@rule("MA401", "required-column-without-default", Risk.HIGH, AddColumn, recipe="R10")
def required_column_without_default(change: AddColumn, context: Context) -> Iterator[Concern]:
    if not change.column.not_null or has_value(change) or context.is_new(change.table):
        return
    table = context.table(change.table)
    if table is not None and table.empty:
        return
    name, kind = change.column.name, change.column.type
    yield Concern(
        f"{change.table}.{name} is required and has no value for the rows {change.table} has, nor for those the running application inserts",
        Remedy(
            "give it a default, and drop the default when every version of the application writes the column",
            (f"ALTER TABLE {change.table} ADD COLUMN {name} {kind} NOT NULL DEFAULT …",),
            f'op.add_column("{change.table}", sa.Column("{name}", …, nullable=False, server_default=…))',
        ),
        table=change.table,
    )

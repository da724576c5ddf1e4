"""SET NOT NULL fails when a row holds NULL, and nothing before it filled them.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
INSERT INTO orders (id) VALUES (1);
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN state SET NOT NULL; -- finds MA409; refused 23502
```

## Prefer

```sql
UPDATE orders SET state = 'new' WHERE id = 1;
```

## Also fine

```sql
UPDATE orders SET state = 'new' WHERE state IS NULL;
ALTER TABLE orders ALTER COLUMN state SET NOT NULL;
```

Source: PostgreSQL manual, ALTER TABLE (23502).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.columns import has_value
from midair.model.change import AddColumn, SetNotNull, Update
from midair.model.finding import Remedy, Risk


@rule("MA409", "not-null-may-fail", Risk.MEDIUM, SetNotNull, recipe="R6")
def not_null_may_fail(change: SetNotNull, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or not context.effects(change).scans:
        return
    filled = any(
        isinstance(each, Update) and each.table == change.table and change.column in each.sets
        for act in context.earlier_on(change.table)
        for each in act.changes
    )
    valued = any(
        isinstance(each, AddColumn)
        and each.table == change.table
        and each.column.name == change.column
        and has_value(each)
        for act in context.earlier_on(change.table)
        for each in act.changes
    )
    if not filled and not valued:
        yield Concern(
            f"if a row of {change.table} holds NULL in {change.column}, this fails (23502)",
            Remedy(
                "count first, and fill them in batches",
                (f"SELECT count(*) FROM {change.table} WHERE {change.column} IS NULL",),
            ),
            table=change.table,
        )

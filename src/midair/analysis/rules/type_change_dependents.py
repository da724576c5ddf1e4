"""The server refuses to change the type of a column that something else depends on.

A view, a generated column, a policy or the partition key.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
CREATE VIEW quantities AS SELECT quantity FROM orders;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint; -- finds MA413; refused 0A000
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN quantity_new bigint;
```

Source: PostgreSQL manual, ALTER TABLE (0A000, 42P16).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk


@rule("MA413", "type-change-dependents", Risk.HIGH, AlterColumnType)
def type_change_dependents(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    code = context.effects(change).refused
    if code in ("0A000", "42P16", "42804"):
        views = [each.name for each in context.schema.around(change.table) if change.table in each.reads]
        why = {"42P16": "it is part of the partition key", "42804": "its default cannot be cast"}.get(code)
        why = why or (f"{listed(views)} uses it" if views else "a generated column uses it")
        yield Concern(
            f"the server refuses to change {change.table}.{change.column}: {why} ({code})",
            Remedy(
                "drop the default, change, and set it again"
                if code == "42804"
                else "drop what depends on it and make it again, in one transaction"
            ),
        )

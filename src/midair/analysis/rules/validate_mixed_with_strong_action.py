"""VALIDATE beside a stronger action in one ALTER TABLE reads the table under the strong lock.

The strongest action decides the lock for all of them.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
```

## Avoid

```sql
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check, ADD COLUMN note text; -- finds MA122
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN note text;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import said
from midair.model.change import ValidateConstraint
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule("MA122", "validate-mixed-with-strong-action", Risk.HIGH, ValidateConstraint, grows=True)
def validate_mixed_with_strong_action(change: ValidateConstraint, context: Context) -> Iterator[Concern]:
    if len(context.act.changes) < 2 or context.is_new(change.table) or not context.effects(change).scans:
        return
    level = context.act.effects.lock_on(change.table)
    if level > LockLevel.SHARE_UPDATE_EXCLUSIVE:
        yield Concern(
            f"{change.name} is validated under the lock of the other actions: {said(level, change.table)} during the scan",
            Remedy(
                "validate in a statement and transaction of its own",
                (f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {change.name}",),
            ),
            table=change.table,
        )

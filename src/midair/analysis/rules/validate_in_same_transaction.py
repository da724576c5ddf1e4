"""VALIDATE in the transaction that added the constraint reads the table under the strong lock.

The lock that ADD CONSTRAINT took stays until the transaction ends, so NOT VALID has gained nothing.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check; -- finds MA121
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check;
```

Source: PostgreSQL manual, ALTER TABLE, Notes; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.analysis.wording import said
from midair.model.change import ValidateConstraint
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule("MA121", "validate-in-same-transaction", Risk.HIGH, ValidateConstraint, recipe="R5", grows=True)
def validate_in_same_transaction(change: ValidateConstraint, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or not context.effects(change).scans:
        return
    held = context.held().get(change.table, LockLevel.NONE)
    if held.blocks_writes:
        yield Concern(
            f"{change.name} is validated while the transaction already holds {said(held, change.table)}",
            Remedy(
                "validate in a transaction, or migration, of its own",
                (f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {change.name}",),
                commands=new_migration(f"validate {change.name}"),
            ),
            table=change.table,
        )

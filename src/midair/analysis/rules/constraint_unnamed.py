"""A constraint without a name gets one from the server; whoever drops it later must guess.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
```

## Avoid

```sql
ALTER TABLE orders ADD CHECK (quantity > 0) NOT VALID; -- finds MA801
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check;
```

Source: PostgreSQL manual, 5.5 "Constraints".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA801", "constraint-unnamed", Risk.LOW, AddConstraint)
def constraint_unnamed(change: AddConstraint, context: Context) -> Iterator[Concern]:
    made = change.constraint
    if not made.named and not context.is_new(change.table):
        valid = "" if made.valid else " NOT VALID"
        sure = (
            len(context.act.changes) == 1
            and made.kind is not ConstraintKind.EXCLUDE
            and made.kind is not ConstraintKind.CHECK
            and not made.deferrable
        )
        yield Concern(
            f"the server will call it {made.name}, if that is free",
            Remedy(
                "write the name",
                (f"ALTER TABLE {change.table} ADD CONSTRAINT {made.name} {made.clause}{valid}",),
                certain=sure and made.kind is ConstraintKind.FOREIGN_KEY,
            ),
        )

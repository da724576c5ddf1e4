"""Adding a check constraint reads the whole table while nobody can use it.

The rows are checked under ACCESS EXCLUSIVE. Added as NOT VALID the check guards new rows at once;
VALIDATE looks at the old ones with a lock nobody notices.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0); -- finds MA106
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check;
```

## Fine when

No row breaks it, and the table is small. Mind that a NOT VALID check already refuses every update of
an old row that breaks it, even of other columns: mend those rows first.

Source: PostgreSQL manual, ALTER TABLE, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA106", "check-without-not-valid", Risk.HIGH, AddConstraint, recipe="R5", grows=True)
def check_without_not_valid(change: AddConstraint, context: Context) -> Iterator[Concern]:
    check = change.constraint
    if (
        check.kind is not ConstraintKind.CHECK
        or context.is_new(change.table)
        or not context.effects(change).scans
    ):
        return
    if check.columns and all(context.column_is_new(change.table, each) for each in check.columns):
        text = f"{check.name} is about new columns only, yet adding it reads all of {change.table} under ACCESS EXCLUSIVE"
    else:
        text = (
            f"adding {check.name} reads all of {change.table} under ACCESS EXCLUSIVE: reads and writes wait"
        )
    yield Concern(
        text,
        Remedy(
            "add it without a look at the old rows, and validate it in a transaction of its own",
            (
                f"ALTER TABLE {change.table} ADD CONSTRAINT {check.name} {check.clause} NOT VALID",
                f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {check.name}",
            ),
        ),
        table=change.table,
    )

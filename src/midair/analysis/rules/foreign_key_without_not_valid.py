"""Adding a foreign key checks every row while writes to both tables wait.

Both tables are held in SHARE ROW EXCLUSIVE during the scan. Added as NOT VALID the key guards new
rows at once; VALIDATE looks at the old ones with a lock nobody notices.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
INSERT INTO customers SELECT g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id); -- finds MA105
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_fkey;
```

## Fine when

The referencing table is new and empty; the other table is locked for a moment all the same (MA127).

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint" and "VALIDATE CONSTRAINT".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA105", "foreign-key-without-not-valid", Risk.HIGH, AddConstraint, recipe="R4", grows=True)
def foreign_key_without_not_valid(change: AddConstraint, context: Context) -> Iterator[Concern]:
    key = change.constraint
    if key.kind is not ConstraintKind.FOREIGN_KEY or not key.valid or context.is_new(change.table):
        return
    if not context.effects(change).scans:
        return
    yield Concern(
        f"adding {key.name} checks every row of {change.table} while writes to {change.table} and {key.references} wait",
        Remedy(
            "add it without a look at the old rows, and validate it in a transaction of its own",
            (
                f"ALTER TABLE {change.table} ADD CONSTRAINT {key.name} {key.clause} NOT VALID",
                f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {key.name}",
            ),
            f'op.create_foreign_key("{key.name}", "{change.table}", "{key.references}", {list(key.columns)}, {list(key.referenced_columns)}, '
            f'postgresql_not_valid=True)\nop.execute("ALTER TABLE {change.table} VALIDATE CONSTRAINT {key.name}")',
        ),
        table=change.table,
    )

"""SET NOT NULL reads the whole table while nobody can use it.

The server must see that no row holds NULL, and it looks under ACCESS EXCLUSIVE. It skips the look
when a validated CHECK already proves the column, and the CHECK can be validated while work goes on.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL; -- finds MA104
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_nn CHECK (customer_id IS NOT NULL) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_nn;
-- next migration
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_nn;
```

## Also fine

```sql
ALTER TABLE orders ALTER COLUMN id SET NOT NULL;
```

## Fine when

A validated check proves it: `c IS NOT NULL` or a conjunction with it. `c >= 0` does not.

Source: PostgreSQL manual, ALTER TABLE, "SET NOT NULL".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.changes.names import identifier
from midair.model.change import AddConstraint, ConstraintKind, SetNotNull
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA104", "not-null-without-check", Risk.HIGH, SetNotNull, AddConstraint, recipe="R6", grows=True)
def not_null_without_check(change: SetNotNull | AddConstraint, context: Context) -> Iterator[Concern]:
    if isinstance(change, AddConstraint):
        if change.constraint.kind is not ConstraintKind.NOT_NULL or not change.constraint.valid:
            return
        column = change.constraint.columns[0]
    else:
        column = change.column
    table = change.table
    if context.is_new(table) or not context.effects(change).scans:
        return
    found = context.table(table)
    known_column = found.column(column) if found else None
    if (
        known_column is not None
        and context.column_is_new(table, column)
        and known_column.default is not None
        and not known_column.default.null
    ):
        message = f"SET NOT NULL on {table}.{column} reads all of {table} under ACCESS EXCLUSIVE; add the column as NOT NULL with its default instead"
    else:
        message = f"SET NOT NULL on {table}.{column} reads all of {table} under ACCESS EXCLUSIVE: reads and writes wait"
    check = identifier(f"{bare_name(table)}_{column}_nn".replace('"', ""))
    yield Concern(
        message,
        Remedy(
            "prove it first with a check that is validated while work goes on; each line in a transaction of its own",
            (
                f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID",
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}",
                f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
                f"ALTER TABLE {table} DROP CONSTRAINT {check}",
            ),
            f'op.create_check_constraint("{check}", "{table}", "{column} IS NOT NULL", postgresql_not_valid=True)\n'
            f'op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {check}")\n'
            f'op.alter_column("{table}", "{column}", nullable=False)\nop.drop_constraint("{check}", "{table}")',
        ),
        table=table,
    )

"""REFERENCES behind ADD COLUMN locks the other table, and with a default reads both.

Without any default it is instant: there is no value to check. With one, even `DEFAULT NULL`, the
table is read while writes to both wait.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO customers SELECT g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN customer_id bigint DEFAULT 1 REFERENCES customers (id); -- finds MA116
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN customer_id bigint DEFAULT 1;
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
```

## Also flagged

```sql
ALTER TABLE orders ADD COLUMN owner_id bigint REFERENCES customers (id); -- finds MA116
```

## Fine when

No default is written: only a moment's lock on the other table is left, and the risk is medium.

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddColumn, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA116", "inline-references", Risk.HIGH, AddColumn, recipe="R4", grows=True)
def inline_references(change: AddColumn, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    name, table = change.column.name, change.table
    for key in change.constraints:
        if (
            key.kind is not ConstraintKind.FOREIGN_KEY
            or key.references is None
            or context.is_new(key.references)
        ):
            continue
        if change.column.default is not None and context.effects(change).scans:
            message = f"{table}.{name} has a default and a foreign key: {table} is read while writes to it and {key.references} wait"
            risk = None
        elif key.references != table:
            message = f"the foreign key behind {table}.{name} stops writes to {key.references} until the transaction ends"
            risk = Risk.MEDIUM
        else:
            continue
        yield Concern(
            message,
            Remedy(
                "add the column first, the key by itself as NOT VALID, and validate it later",
                (
                    f"ALTER TABLE {table} ADD COLUMN {name} {change.column.type}",
                    f"ALTER TABLE {table} ADD CONSTRAINT {key.name} {key.clause} NOT VALID",
                    f"ALTER TABLE {table} VALIDATE CONSTRAINT {key.name}",
                ),
            ),
            risk=risk,
            table=table,
        )

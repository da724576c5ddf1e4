"""A table with a deferred foreign-key check pending cannot be altered in the same transaction.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 1);
```

## Avoid

```sql
UPDATE orders SET customer_id = 2 WHERE id = 1;
ALTER TABLE orders ADD COLUMN note text; -- finds MA408; refused 55006
```

## Prefer

```sql
UPDATE orders SET customer_id = 2 WHERE id = 1;
-- next migration
ALTER TABLE orders ADD COLUMN note text;
```

## Also fine

```sql
UPDATE orders SET customer_id = 2 WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE orders ADD COLUMN note text;
```

## Also fine without INITIALLY DEFERRED

```sql
CREATE TABLE baskets (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id) DEFERRABLE);
-- next migration
INSERT INTO baskets VALUES (1, 1);
ALTER TABLE baskets ADD COLUMN note text;
```

A key that is only DEFERRABLE is checked when the statement ends, unless SET CONSTRAINTS says otherwise.

Source: measured on 15 and 18 (55006).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    ChangeServer,
    ConstraintKind,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    DropTable,
    Insert,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNotNull,
    Update,
)
from midair.model.finding import Remedy, Risk

_ALTERING = (
    AddColumn, DropColumn, AlterColumnType, SetNotNull, DropNotNull, SetDefault, DropDefault, AddConstraint, DropConstraint, CreateIndex,
    DropTable, RenameColumn, RenameTable,
)  # fmt: skip


@rule("MA408", "pending-trigger-events", Risk.HIGH, *_ALTERING)
def pending_trigger_events(change: AddColumn, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    deferred = (
        [each for each in table.constraints if each.kind is ConstraintKind.FOREIGN_KEY and each.deferred]
        if table
        else []
    )
    if not deferred or context.is_new(change.table):
        return
    columns = {column for each in deferred for column in each.columns}
    pending = False
    for act in context.before_in_transaction():
        for each in act.changes:
            wrote = (isinstance(each, Insert) and each.table == change.table) or (
                isinstance(each, Update) and each.table == change.table and bool(columns & set(each.sets))
            )
            settled = isinstance(each, ChangeServer) and each.action == "constraints set"
            pending = (pending or wrote) and not settled
    if pending and context.act.changes[0] is change:
        yield Concern(
            f"{deferred[0].name} is checked at COMMIT, and until then the server refuses to alter {change.table} (55006)",
            Remedy(
                "say SET CONSTRAINTS ALL IMMEDIATE before, or use two migrations",
                ("SET CONSTRAINTS ALL IMMEDIATE",),
            ),
        )

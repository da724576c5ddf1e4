"""CASCADE drops what nobody named: views, keys of other tables, columns of a type.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE VIEW open_orders AS SELECT id FROM orders;
```

## Avoid

```sql
DROP TABLE orders CASCADE; -- finds MA203
```

## Prefer

```sql
DROP VIEW open_orders;
```

Source: PostgreSQL manual, 5.15 "Dependency Tracking".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.change import ChangeDomain, DropColumn, DropConstraint, DropIndex, DropObject, DropTable
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule(
    "MA203",
    "drop-cascade",
    Risk.HIGH,
    DropTable,
    DropColumn,
    DropConstraint,
    DropObject,
    DropIndex,
    ChangeDomain,
)
def drop_cascade(
    change: DropTable | DropColumn | DropConstraint | DropObject | DropIndex | ChangeDomain, context: Context
) -> Iterator[Concern]:
    if isinstance(change, ChangeDomain):
        cascade, name = change.verb.endswith("cascade"), change.name
    else:
        cascade = change.cascade
        name = (
            change.index
            if isinstance(change, DropIndex)
            else change.name
            if isinstance(change, DropObject | DropConstraint)
            else change.table
        )
    table = name if isinstance(change, DropObject | DropIndex | ChangeDomain) else change.table
    if not cascade or context.is_new(table):
        return
    own = {table, *context.schema.children(table)}
    others = sorted(
        each
        for each, level in context.effects(change).locks
        if level is LockLevel.ACCESS_EXCLUSIVE and each not in own and each in context.schema.tables
    )
    if context.schema.complete and not others:
        return  # everything that could hang on it is known, and nothing does
    also = f": {listed(others)}" if others else ""
    yield Concern(
        f"CASCADE takes along whatever depends on {name}{also}",
        Remedy("drop what depends on it by name, so that a reader sees it"),
    )

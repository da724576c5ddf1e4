"""The two sides of a foreign key have different types.

Every comparison casts, and the narrower side overflows first.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer);
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID; -- finds MA322
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN customer bigint;
ALTER TABLE orders ADD CONSTRAINT orders_fk FOREIGN KEY (customer) REFERENCES customers (id) NOT VALID;
```

Source: PostgreSQL manual, 5.5.5 "Foreign Keys".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import in_place, key_of, swapped
from midair.dialects.postgresql.reworded import column_line
from midair.model.change import AddColumn, AddConstraint, Column, ConstraintKind, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA322", "foreign-key-type-mismatch", Risk.MEDIUM, AddConstraint, AddColumn, CreateTable)
def foreign_key_type_mismatch(
    change: AddConstraint | AddColumn | CreateTable, context: Context
) -> Iterator[Concern]:
    constraints = (change.constraint,) if isinstance(change, AddConstraint) else change.constraints
    keys = [each for each in constraints if each.kind is ConstraintKind.FOREIGN_KEY]
    if not keys:
        return
    after = context.schema
    for each in context.act.changes:
        after = after.after(each)
    table = after.tables.get(change.table)
    for key in keys:
        other = after.tables.get(key.references or "")
        if table is None or other is None:
            continue
        targets = key.referenced_columns or (other.primary_key.columns if other.primary_key else ())
        for mine, theirs in zip(key.columns, targets, strict=False):
            left, right = table.column(mine), other.column(theirs)
            if (
                left is not None
                and right is not None
                and left.type.name != right.type.name
                and {left.type.name, right.type.name} != {"text", "varchar"}
            ):
                yield Concern(
                    f"{change.table}.{mine} is {left.type}, {other.name}.{theirs} is {right.type}",
                    _same_type(change, left, right, context),
                )


def _same_type(
    change: AddConstraint | AddColumn | CreateTable, mine: Column, theirs: Column, context: Context
) -> Remedy:
    name, kind, text = change.table, str(theirs.type), "give both the same type"
    line = column_line(context.act.statement.sql, mine.name, type_=kind)
    if line is not None:
        return in_place(text, change, line)
    if context.is_new(name):
        return Remedy(text, (f"ALTER TABLE {name} ALTER COLUMN {mine.name} TYPE {kind}",))
    return Remedy(text, swapped(name, mine.name, kind, None, key_of(context.table(name))))

"""Renaming a type, function, constraint or sequence breaks whoever names it.

ON CONFLICT ON CONSTRAINT, casts and calls name them.

## Given

```sql
CREATE TYPE mood AS ENUM ('good', 'bad');
```

## Avoid

```sql
ALTER TYPE mood RENAME TO feeling; -- finds MA304
```

## Prefer

```sql
CREATE TYPE feeling AS ENUM ('good', 'bad');
```

## Also fine

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, CONSTRAINT orders_fk FOREIGN KEY (customer) REFERENCES customers);
-- next migration
ALTER TABLE orders RENAME CONSTRAINT orders_fk TO orders_customer_fk;
```

Source: PostgreSQL manual, the ALTER commands.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import (
    ConstraintKind,
    CreateFunction,
    CreateType,
    RenameConstraint,
    RenameObject,
    RenameTable,
)
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA304", "object-rename", Risk.MEDIUM, RenameObject, RenameConstraint, RenameTable)
def object_rename(
    change: RenameObject | RenameConstraint | RenameTable, context: Context
) -> Iterator[Concern]:
    if isinstance(change, RenameConstraint):
        if not context.is_new(change.table) and _may_be_named(change, context):
            yield Concern(
                f"ON CONFLICT ON CONSTRAINT {change.name} fails from then on",
                Remedy("look whether an application names it", commands=mentions(change.name)),
                risk=Risk.LOW,
            )
    elif isinstance(change, RenameTable):
        if change.kind == "sequence":
            yield Concern(
                f"nextval('{change.table}') by name fails from then on",
                Remedy("look whether an application names it", commands=mentions(change.table)),
            )
    elif change.kind not in ("schema", "database", "role") and not _is_made_here(change, context):
        yield Concern(
            f"what names the {change.kind} {change.name} fails from then on",
            Remedy(
                "make the new one beside it, move its users, then drop the old one",
                (f"CREATE DOMAIN {beside(change.name, change.new_name)} AS {change.name}",)
                if change.kind in ("type", "domain")
                else (),
                commands=mentions(change.name),
            ),
        )


def _may_be_named(change: RenameConstraint, context: Context) -> bool:
    """ON CONFLICT names keys; nothing an application sends names a check or a foreign key."""
    table = context.table(change.table)
    found = table.constraint(change.name) if table else None
    keys = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY, ConstraintKind.EXCLUDE)
    return found is None or found.kind in keys


def _is_made_here(change: RenameObject, context: Context) -> bool:
    """The same migration made it: nobody names it yet."""
    return any(
        isinstance(each, CreateType | CreateFunction) and each.name == change.name
        for act in context.earlier
        for each in act.changes
    )

"""A dropped constraint guards nothing any more, and takes its index along.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text CONSTRAINT customers_email_key UNIQUE);
```

## Avoid

```sql
ALTER TABLE customers DROP CONSTRAINT customers_email_key; -- finds MA209
```

## Prefer

```sql
CREATE UNIQUE INDEX CONCURRENTLY customers_email_lower ON customers (lower(email));
```

## Also fine

```sql
ALTER TABLE customers DROP CONSTRAINT customers_email_key;
ALTER TABLE customers RENAME TO buyers;
ALTER TABLE buyers ADD CONSTRAINT buyers_email_key UNIQUE (email);
```

## Also fine when another key says as much

```sql
CREATE TABLE members (club bigint NOT NULL, person bigint NOT NULL, id bigint PRIMARY KEY, CONSTRAINT members_key UNIQUE (club, person));
-- next migration
ALTER TABLE members DROP COLUMN id, ADD PRIMARY KEY (club, person), DROP CONSTRAINT members_key;
```

## Fine when

The same migration adds its successor, or drops a check that has just served SET NOT NULL.

Source: PostgreSQL manual, ALTER TABLE, "DROP CONSTRAINT".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions, validated_later
from midair.model.change import (
    AddConstraint,
    Constraint,
    ConstraintKind,
    DropConstraint,
    DropTable,
    RenameTable,
)
from midair.model.finding import Remedy, Risk
from midair.model.schema import Table, beside


@rule("MA209", "constraint-dropped", Risk.MEDIUM, DropConstraint)
def constraint_dropped(change: DropConstraint, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    if _goes_with_its_table(change, context):
        return
    table = context.table(change.table)
    found = table.constraint(change.name) if table else None
    if found is None and change.if_exists and table is not None and table.known:
        return
    if found is not None and (
        not found.enforced
        or _replaced(found, change.table, context)
        or _served(found, table)
        or _said_twice(found, table)
    ):
        return
    if found is None and any(
        isinstance(each, AddConstraint) and each.table == change.table
        for act in (context.act, *context.later_on(change.table))
        for each in act.changes
    ):
        return
    index = (
        " and its index"
        if found is not None and found.kind in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)
        else ""
    )
    kind = f"the {found.kind} " if found else ""
    yield Concern(
        f"{kind}{change.name}{index} of {change.table} guards nothing any more",
        Remedy(
            "keep it, or say in the migration why it can go; this is what brings it back",
            _back(found, change, context),
            commands=() if found is not None else mentions(change.name),
        ),
        table=change.table,
    )


def _replaced(found: Constraint, table: str, context: Context) -> bool:
    for act in (context.act, *context.later):
        for each in act.changes:
            if isinstance(each, RenameTable) and each.table == table:
                table = beside(table, each.new_name)
            if isinstance(each, AddConstraint) and each.table == table:
                made = each.constraint
                if made.kind is found.kind or _says_as_much(made, found):
                    return True
    return False


def _said_twice(found: Constraint, table: Table | None) -> bool:
    """Another key of the table holds its rows apart as well."""
    return table is not None and any(
        each.name != found.name and _says_as_much(each, found) for each in table.constraints
    )


def _says_as_much(other: Constraint, found: Constraint) -> bool:
    """Rows that differ in the other's columns differ in this one's."""
    keys = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)
    return (
        found.kind is ConstraintKind.UNIQUE
        and other.kind in keys
        and bool(other.columns)
        and set(other.columns) <= set(found.columns)
    )


def _served(found: Constraint, table: Table | None) -> bool:
    """A check that only said NOT NULL, on a column that is NOT NULL by itself."""
    columns = [table.column(each) for each in found.columns] if table else []
    return (
        bool(found.proves_not_null)
        and len(found.bounds) == 1
        and all(each is not None and each.not_null for each in columns)
    )


def _back(found: Constraint | None, change: DropConstraint, context: Context) -> tuple[str, ...]:
    if found is None or not found.clause:
        return ()
    if found.kind in (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY):
        return validated_later(change.table, change.name, found.clause)
    if found.kind in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY):
        return (
            f"CREATE UNIQUE INDEX CONCURRENTLY {change.name} ON {change.table} ({', '.join(found.columns)})",
            f"ALTER TABLE {change.table} ADD CONSTRAINT {change.name} {found.kind.upper()} USING INDEX {change.name}",
        )
    return (f"ALTER TABLE {change.table} ADD CONSTRAINT {change.name} {found.clause}",)


def _goes_with_its_table(change: DropConstraint, context: Context) -> bool:
    return any(
        isinstance(each, DropTable) and each.table == change.table
        for act in context.later_on(change.table)
        for each in act.changes
    )

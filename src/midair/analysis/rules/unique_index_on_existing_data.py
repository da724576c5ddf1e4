"""A unique index fails when the table holds duplicates; built concurrently it leaves an invalid index behind.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
INSERT INTO customers VALUES (1, 'a'), (2, 'a');
```

## Avoid

```sql
CREATE UNIQUE INDEX CONCURRENTLY customers_email ON customers (email); -- finds MA410; refused 23505
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY customers_email ON customers (email);
```

Source: PostgreSQL manual, CREATE INDEX (23505).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind, CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA410", "unique-index-on-existing-data", Risk.MEDIUM, CreateIndex, AddConstraint)
def unique_index_on_existing_data(change: CreateIndex | AddConstraint, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    if isinstance(change, CreateIndex):
        if not change.index.unique or not context.effects(change).scans:
            return
        name, columns = change.index.name, change.index.columns
    else:
        if (
            change.constraint.kind not in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)
            or not context.effects(change).scans
            or change.constraint.using_index
        ):
            return
        name, columns = change.constraint.name, change.constraint.columns
    if columns and all(context.column_is_new(change.table, each) for each in columns):
        return
    keys = ", ".join(columns)
    yield Concern(
        f"{name} fails if {change.table} holds duplicates (23505)",
        Remedy(
            "look for them first",
            (f"SELECT {keys}, count(*) FROM {change.table} GROUP BY {keys} HAVING count(*) > 1",)
            if keys
            else (),
        ),
        table=change.table,
    )

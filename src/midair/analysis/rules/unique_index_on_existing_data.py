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
from midair.dialects.postgresql.effects.columns import has_value
from midair.model.change import AddColumn, AddConstraint, ConstraintKind, CreateIndex, Update
from midair.model.finding import Remedy, Risk
from midair.model.schema import Table


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
    if any(_is_empty(change.table, each, context) for each in columns):
        return
    if _is_unique(context.table(change.table), columns):
        return
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


def _is_unique(table: Table | None, columns: tuple[str, ...]) -> bool:
    """A key that stands until this statement has kept duplicates out."""
    keys = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)
    return table is not None and any(
        each.kind in keys and each.columns and set(each.columns) <= set(columns) for each in table.constraints
    )


def _is_empty(table: str, column: str, context: Context) -> bool:
    """Added here without a value: NULL in every row, and NULLs are no duplicates of each other."""
    return any(
        isinstance(each, AddColumn)
        and each.table == table
        and each.column.name == column
        and not has_value(each)
        and not each.column.not_null
        for act in (*context.earlier_on(table), context.act)
        for each in act.changes
    ) and not any(
        isinstance(each, Update) and column in each.sets
        for act in context.earlier_on(table)
        for each in act.changes
    )

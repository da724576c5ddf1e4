"""Renaming a table breaks the running application at once.

A view under the old name, made in the same transaction, lets it go on reading and writing.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders RENAME TO purchases; -- finds MA302
```

## Prefer

```sql
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
```

## Also fine

A table that takes another's place in one transaction.

```sql
CREATE TABLE orders_new (id bigint PRIMARY KEY);
-- next migration
ALTER TABLE orders RENAME TO orders_old;
ALTER TABLE orders_new RENAME TO orders;
```

Source: PostgreSQL manual, CREATE VIEW, "Updatable Views"; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateTable, CreateView, RenameTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA302", "table-rename", Risk.HIGH, RenameTable, recipe="R15")
def table_rename(change: RenameTable, context: Context) -> Iterator[Concern]:
    if (
        change.kind in ("index", "sequence")
        or context.is_new(change.table)
        or change.table in context.schema.index_tables
    ):
        return
    shim = any(
        isinstance(each, CreateView | CreateTable)
        and (each.view if isinstance(each, CreateView) else each.table) == change.table
        and act.transaction == context.act.transaction is not None
        for act in context.later_on(change.table)
        for each in act.changes
    )
    if shim or _is_swapped(change, context):
        return
    new = beside(change.table, change.new_name)
    risk = Risk.MEDIUM if change.kind != "table" or context.is_view(change.table) else None
    yield Concern(
        f"queries that say {change.table} fail from then on",
        Remedy(
            "leave a view under the old name, in the same transaction",
            (
                f"ALTER TABLE {change.table} RENAME TO {change.new_name}",
                f"CREATE VIEW {change.table} AS SELECT * FROM {new}",
            ),
        ),
        risk=risk,
        table=change.table,
    )


def _is_swapped(change: RenameTable, context: Context) -> bool:
    """The old name is there again when the transaction ends, or the new one was left free by it for this."""
    others = [
        each
        for act in (*context.earlier, context.act, *context.later)
        if act is context.act or act.transaction == context.act.transaction is not None
        for each in act.changes
        if isinstance(each, RenameTable) and each is not change
    ]
    new = beside(change.table, change.new_name)
    return any(change.table == beside(each.table, each.new_name) or new == each.table for each in others)

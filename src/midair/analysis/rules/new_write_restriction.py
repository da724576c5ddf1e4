"""From now on the database refuses what the running application may still write.

True for the gentle forms as well: NOT VALID spares the old rows, not the new ones.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID; -- finds MA311
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_quantity ON orders (quantity);
```

## Also fine

```sql
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
ALTER TABLE orders ADD CONSTRAINT orders_key UNIQUE (id, quantity);
```

## Fine when

Every running version already writes only what the constraint allows.

Source: PostgreSQL manual, 5.5 "Constraints".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import broken_by, mentions
from midair.analysis.wording import listed
from midair.model.change import AddConstraint, Constraint, ConstraintKind, CreateIndex, SetNotNull
from midair.model.finding import Remedy, Risk
from midair.model.schema import Table


@rule("MA311", "new-write-restriction", Risk.LOW, AddConstraint, SetNotNull, CreateIndex)
def new_write_restriction(
    change: AddConstraint | SetNotNull | CreateIndex, context: Context
) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    match change:
        case SetNotNull():
            table = context.table(change.table)
            column = table.column(change.column) if table else None
            if (column is not None and column.not_null) or _proved(table, change.column):
                return
            what = f"NULL in {change.column}"
        case AddConstraint():
            key = change.constraint
            if (
                not key.enforced
                or key.using_index
                or (all(context.column_is_new(change.table, each) for each in key.columns) and key.columns)
            ):
                return
            table = context.table(change.table)
            if (
                key.proves_not_null
                and table
                and all((found := table.column(each)) and found.not_null for each in key.columns)
            ):
                return
            if _stood_before(key.kind, key.columns, change.table, context):
                return
            what = f"what breaks {key.name}"
        case CreateIndex():
            whole = change.index.columns if not change.index.expressions else ()
            if not change.index.unique or change.if_not_exists:
                return
            if _stood_before(ConstraintKind.UNIQUE, whole, change.table, context):
                return
            what = (
                f"duplicates in {listed(change.index.columns) if change.index.columns else change.index.name}"
            )
    yield Concern(
        f"the running application may still write {what} to {change.table}, and fails from now on",
        Remedy(
            "deploy writers that keep to it first; what they write now shows in the rows",
            (question,) if (question := _asked(change, context)) else (),
            commands=() if question else mentions(change.table),
        ),
    )


def _proved(table: Table | None, column: str) -> bool:
    return table is not None and any(column in each.proves_not_null for each in table.constraints)


_KEYS = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)


def _stood_before(kind: ConstraintKind, columns: tuple[str, ...], name: str, context: Context) -> bool:
    """Before the migration the table already kept writers to this: the same foreign key, or one of these columns unique."""
    table = context.acts[0].schema.tables.get(name)
    if table is None or not columns:
        return False
    if kind is ConstraintKind.FOREIGN_KEY:
        return any(each.kind is kind and each.columns == columns for each in table.constraints)
    if kind not in _KEYS:
        return False
    keys = [each.columns for each in table.constraints if each.kind in _KEYS]
    keys += [
        each.columns for each in table.indexes if each.unique and not each.partial and not each.expressions
    ]
    return any(key and set(key) <= set(columns) for key in keys)


def _asked(change: AddConstraint | SetNotNull | CreateIndex, context: Context) -> str | None:
    match change:
        case SetNotNull():
            made = Constraint("", ConstraintKind.NOT_NULL, (change.column,))
        case AddConstraint():
            made = change.constraint
        case CreateIndex():
            if not change.index.plain or change.index.partial or not change.index.columns:
                return None
            made = Constraint("", ConstraintKind.UNIQUE, change.index.columns)
    return broken_by(change.table, made, context.schema)

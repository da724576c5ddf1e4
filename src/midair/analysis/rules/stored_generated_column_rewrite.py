"""A stored generated column is computed for every row: the table is rewritten.

The copy is made under ACCESS EXCLUSIVE with all indexes. From PostgreSQL 18 a VIRTUAL column costs
nothing to add.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, price integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN doubled integer GENERATED ALWAYS AS (price * 2) STORED; -- finds MA113
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN doubled integer GENERATED ALWAYS AS (price * 2) VIRTUAL;
```

Source: PostgreSQL manual, "Generated Columns"; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, kept_by_trigger, key_of, named
from midair.dialects.postgresql.next_rows import in_batches
from midair.dialects.postgresql.reworded import generated_from, of_new_row, virtual
from midair.model.change import AddColumn, ChangeExpression
from midair.model.finding import Remedy, Risk


@rule(
    "MA113",
    "stored-generated-column-rewrite",
    Risk.HIGH,
    AddColumn,
    ChangeExpression,
    recipe="R12",
    grows=True,
)
def stored_generated_column_rewrite(
    change: AddColumn | ChangeExpression, context: Context
) -> Iterator[Concern]:
    if isinstance(change, AddColumn) and change.column.generated != "stored":
        return
    name = change.column.name if isinstance(change, AddColumn) else change.column
    if context.is_new(change.table) or not context.effects(change).rewrites:
        return
    yield Concern(
        f"{change.table} is rewritten under ACCESS EXCLUSIVE to compute {name} for every row",
        _remedy(change, context),
        table=change.table,
    )


def _remedy(change: AddColumn | ChangeExpression, context: Context) -> Remedy:
    """VIRTUAL where the server has it; else a plain column that a trigger keeps, filled in batches."""
    sql = context.act.statement.sql
    if isinstance(change, ChangeExpression):
        return Remedy("add a second column with the new expression, and move readers to it", (BRIEFLY, sql))
    if (context.version or 0) >= 18 and (made := virtual(sql)):
        return Remedy("make it VIRTUAL: it is computed when it is read", (made,))
    text = "add a plain column, keep it with a trigger, and fill the old rows in batches"
    value = generated_from(sql)
    written = of_new_row(value) if value else None
    if value is None or written is None:
        return Remedy(text)
    table, name = change.table, change.column.name
    fill = in_batches(
        f"UPDATE {table} SET {name} = {value} WHERE {name} IS NULL", key_of(context.table(table))
    )
    return Remedy(
        text,
        (
            f"ALTER TABLE {table} ADD COLUMN {name} {change.column.type}",
            *kept_by_trigger(table, name, written, named(table, name, "set")),
            *((fill,) if fill else ()),
        ),
    )

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
    virtual = context.version is not None and context.version >= 18
    yield Concern(
        f"{change.table} is rewritten under ACCESS EXCLUSIVE to compute {name} for every row",
        Remedy(
            "make it VIRTUAL"
            if virtual
            else "add a plain column, keep it with a trigger, and fill the old rows in batches"
        ),
        table=change.table,
    )

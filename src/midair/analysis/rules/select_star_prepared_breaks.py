"""A prepared `SELECT *` fails once after a column came, went or changed its type.

"cached plan must not change result type" (0A000), once per session, and it aborts the transaction.
Off by default: nearly every migration does it, and drivers that prepare again do not notice.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN note text; -- finds MA320
```

## Prefer

```sql
CREATE TABLE order_notes (order_id bigint PRIMARY KEY, note text);
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import AddColumn, AlterColumnType, DropColumn
from midair.model.finding import Remedy, Risk


@rule(
    "MA320", "select-star-prepared-breaks", Risk.MEDIUM, AddColumn, DropColumn, AlterColumnType, default=False
)
def select_star_prepared_breaks(
    change: AddColumn | DropColumn | AlterColumnType, context: Context
) -> Iterator[Concern]:
    if not context.is_new(change.table):
        table = context.table(change.table)
        columns = ", ".join(each.name for each in table.columns) if table and table.known else ""
        yield Concern(
            f"prepared SELECT * on {change.table} fails once in each session",
            Remedy(
                "name the columns in prepared queries",
                (f"SELECT {columns} FROM {change.table}",) if columns else (),
                commands=() if columns else mentions(change.table),
            ),
            table=change.table,
        )

"""This update counts from its own old value: run twice, it is wrong.

Split in batches and tried again after a lost commit, some rows are counted twice.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, total integer);
```

## Avoid

```sql
-- outside a transaction
UPDATE orders SET total = total * 100; -- finds MA607
```

## Prefer

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN total_cents integer;
```

## Fine when

It runs in the migration's own transaction, once; or midair applies it, with the cursor in the batch's transaction.

Source: PostgreSQL manual, 13.2 "Transaction Isolation".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, named
from midair.analysis.wording import listed
from midair.model.change import Update
from midair.model.finding import Remedy, Risk


@rule("MA607", "backfill-not-resumable", Risk.MEDIUM, Update)
def backfill_not_resumable(change: Update, context: Context) -> Iterator[Concern]:
    if context.atomic or context.is_new(change.table):
        return
    doubled = sorted(change.from_itself - change.narrowed)
    if doubled and not (change.from_itself & change.filters):
        yield Concern(
            f"{listed(doubled)} is computed from its own old value: after a failure nobody can tell which rows are done",
            Remedy(
                "write to a new column, or run it in a transaction",
                _beside(doubled[0], change, context),
                commands=ONLINE,
            ),
            table=change.table,
        )


def _beside(name: str, change: Update, context: Context) -> tuple[str, ...]:
    """A column for the new values: it is NULL where a row is not done."""
    table = context.table(change.table)
    column = table.column(name) if table else None
    return (f"ALTER TABLE {change.table} ADD COLUMN {named(name, 'new')} {column.type}",) if column else ()

"""Rows are changed in the transaction that changes the schema: its locks are held during the data work.

And a failure in either undoes both. An UPDATE of many rows takes longest, so it weighs most.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'new' WHERE state IS NULL; -- finds MA604
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN state text;
-- next migration
UPDATE orders SET state = 'new' WHERE id BETWEEN 1 AND 1000;
```

## Fine when

The table is new, or midair applies it online: the update becomes a phase of its own.

Source: PostgreSQL manual, 13.3.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration, one_batch
from midair.analysis.wording import said
from midair.dialects.postgresql.effects.rows import is_bounded
from midair.model.change import Delete, Insert, Update
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule(
    "MA604", "data-change-in-schema-migration", Risk.MEDIUM, Update, Delete, Insert, recipe="R18", grows=True
)
def data_change_in_schema_migration(change: Update | Delete | Insert, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or (isinstance(change, Insert) and change.rows is not None):
        return
    table = context.table(change.table)
    if not isinstance(change, Insert) and is_bounded(table, change.narrowed):
        return
    level, worst = context.memory.worst
    if level.blocks_writes:
        yield Concern(
            f"rows of {change.table} are changed while the transaction holds {said(level, worst)}",
            Remedy(
                "change the schema in one migration and the rows in the next",
                one_batch(context, change.table) or (context.act.statement.sql,),
                commands=new_migration(f"change rows of {change.table}"),
            ),
            risk=Risk.HIGH if isinstance(change, Update) and level >= LockLevel.SHARE_ROW_EXCLUSIVE else None,
            table=change.table,
        )

"""Values that do not fit the smaller type make this fail.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(50));
INSERT INTO orders VALUES (1, 'a long note');
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN note TYPE varchar(5); -- finds MA411; refused 22001
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_note_short CHECK (length(note) <= 5) NOT VALID;
```

Source: PostgreSQL manual, 8.3 "Character Types" (22001, 22003).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import misfits
from midair.dialects.postgresql.conversions import may_cut
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk


@rule("MA411", "narrowing-may-fail", Risk.HIGH, AlterColumnType)
def narrowing_may_fail(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if (
        column is None
        or context.is_new(change.table)
        or (change.using is not None and not change.plain_cast)
        or (table and table.empty)
    ):
        return
    if may_cut(column.type, change.type) and change.type.name not in ("date", "time"):
        yield Concern(
            f"values of {change.table}.{change.column} that do not fit {change.type} make this fail; it is {column.type} now",
            Remedy(
                "count those that do not fit first",
                (question,) if (question := misfits(column, change.type, change.table)) else (),
                commands=() if question else ("midair rehearse",),
            ),
            table=change.table,
        )

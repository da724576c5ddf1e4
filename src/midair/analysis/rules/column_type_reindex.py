"""This change of type keeps the rows but builds the column's indexes again, while nobody can use the table.

It happens with timestamp ↔ timestamptz in a UTC session, with a new collation, and where an
expression or a predicate of an index uses the column.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, memo varchar(50));
CREATE INDEX orders_memo_lower ON orders (lower(memo));
INSERT INTO orders SELECT g, 'm' FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN memo TYPE text; -- finds MA119
```

## Prefer

```sql
DROP INDEX CONCURRENTLY orders_memo_lower;
-- next migration
ALTER TABLE orders ALTER COLUMN memo TYPE text;
-- next migration
CREATE INDEX CONCURRENTLY orders_memo_lower ON orders (lower(memo));
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk


@rule("MA119", "column-type-reindex", Risk.HIGH, AlterColumnType, recipe="R32", grows=True)
def column_type_reindex(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    effects = context.effects(change)
    if context.is_new(change.table) or effects.rewrites or not effects.rebuilds:
        return
    table = context.table(change.table)
    names = [each.name for each in table.indexes if change.column in each.mentions] if table else []
    yield Concern(
        f"changing {change.table}.{change.column} builds {listed(names)} again under ACCESS EXCLUSIVE: reads and writes wait",
        Remedy(
            "drop these indexes concurrently before, and build them concurrently after",
            (*(f"DROP INDEX CONCURRENTLY {each}" for each in names), context.act.statement.sql),
        ),
        table=change.table,
    )

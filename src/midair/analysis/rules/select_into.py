"""SELECT INTO means something else in functions and other products; CREATE TABLE AS says what it does.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
SELECT id INTO order_ids FROM orders; -- finds MA819
```

## Prefer

```sql
CREATE TABLE order_ids AS SELECT id FROM orders;
```

Source: PostgreSQL manual, SELECT INTO, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import create_table_as
from midair.model.change import CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA819", "select-into", Risk.LOW, CreateTable, default=False)
def select_into(change: CreateTable, context: Context) -> Iterator[Concern]:
    if change.select_into:
        yield Concern(
            f"{change.table} is made by SELECT INTO",
            Remedy(
                "use CREATE TABLE AS",
                (made,) if (made := create_table_as(context.act.statement.sql)) else (),
            ),
        )

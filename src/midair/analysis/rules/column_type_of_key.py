"""Changing the type of a key column checks the foreign key again, with both tables locked.

Referenced and referencing table are held in ACCESS EXCLUSIVE and read from end to end.

## Given

```sql
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer REFERENCES customers (id));
INSERT INTO customers SELECT g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE customers ALTER COLUMN id TYPE bigint; -- finds MA120
```

## Prefer

```sql
ALTER TABLE customers ADD COLUMN id_new bigint;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, key_of, swapped
from midair.analysis.wording import listed
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk


@rule("MA120", "column-type-of-key", Risk.HIGH, AlterColumnType, recipe="R13", grows=True)
def column_type_of_key(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    effects = context.effects(change)
    others = sorted(
        name
        for name in effects.scans
        if name != change.table and name not in context.schema.children(change.table)
    )
    if others:
        yield Concern(
            f"{change.table}.{change.column} is part of a foreign key: {listed((change.table, *others))} are locked and read together",
            Remedy(
                "change both sides through new columns; midair does so online",
                swapped(
                    change.table,
                    change.column,
                    str(change.type),
                    change.using or f"{change.column}::{change.type}",
                    key_of(context.table(change.table)),
                ),
                commands=ONLINE,
            ),
            table=change.table,
        )

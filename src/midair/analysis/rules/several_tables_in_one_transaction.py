"""Strong locks on several tables in one transaction meet the application's own order: a deadlock.

And whoever waits for one of them waits for the others too.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE TABLE customers (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE customers ADD COLUMN note text; -- finds MA504
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN note text;
-- next migration
ALTER TABLE customers ADD COLUMN note text;
```

Source: PostgreSQL manual, 13.3.4 "Deadlocks".
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context, is_table
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, new_migration
from midair.analysis.wording import listed
from midair.model.finding import Remedy, Risk


@rule("MA504", "several-tables-in-one-transaction", Risk.MEDIUM, Act, recipe="R0")
def several_tables_in_one_transaction(act: Act, context: Context) -> Iterator[Concern]:
    busy = context.memory.busy
    if len(busy) != 1 or act.effects.refused:
        return  # said once, when the second table comes
    family = {busy[0], *act.schema.children(busy[0])}
    fresh = sorted(
        name
        for name, level in act.effects.locks
        if level.blocks_writes
        and name not in family
        and not context.is_new(name)
        and is_table(name, act.schema)
    )
    if not fresh:
        return
    yield Concern(
        f"{busy[0]} is locked already, and {listed(fresh)} comes on top: {len(fresh) + 1} busy tables in one transaction",
        Remedy(
            "one table per transaction, where the tool allows it",
            (BRIEFLY, act.statement.sql),
            commands=new_migration(f"the part about {fresh[0]}"),
        ),
    )

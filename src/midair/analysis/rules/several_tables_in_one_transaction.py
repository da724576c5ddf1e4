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

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.finding import Remedy, Risk


@rule("MA504", "several-tables-in-one-transaction", Risk.MEDIUM, Act, recipe="R0")
def several_tables_in_one_transaction(act: Act, context: Context) -> Iterator[Concern]:
    held = {name for name, level in context.held().items() if level.blocks_writes and _is_table(name, act)}
    mine = {name for name, level in act.effects.locks if level.blocks_writes and not context.is_new(name) and _is_table(name, act)}
    family = {child for name in held for child in (name, *act.schema.children(name))}
    fresh = sorted(mine - held - family)
    if not held or not fresh or act.effects.refused:
        return
    counted = len({name for name in held}) + len(fresh)
    if len(held) >= 2:
        return  # said once, when the second table came
    yield Concern(
        f"{listed(sorted(held))} is locked already, and {listed(fresh)} comes on top: {counted} busy tables in one transaction",
        Remedy("one table per transaction, where the tool allows it"),
    )


def _is_table(name: str, act: Act) -> bool:
    found = act.schema.tables.get(name)
    if found is None:
        return name not in act.schema.index_tables and name not in act.schema.sequences and not act.schema.complete
    return found.kind in ("table", "partitioned")

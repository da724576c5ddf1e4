"""A strong lock on a table that is used all the time.

Every lock of this statement is waited for by the queries that run now, and waits for them: on a table with
hundreds of queries a second even a moment is felt. Which tables are busy the server counts (`--against`), or
the project says (`busy_tables`).

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE states (id bigint PRIMARY KEY, state text);
-- catalog orders 41000000 rows 12000000000 bytes 350 a second
-- catalog states 9 rows 8192 bytes 0.2 a second
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN remark text; -- finds MA145
```

## Also fine

```sql
ALTER TABLE states ADD COLUMN remark text;
ALTER TABLE orders ALTER COLUMN note SET STATISTICS 500;
```

Source: safety-rules.md 5.6 and fact 1.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, ONLINE
from midair.analysis.wording import said
from midair.model.finding import Remedy, Risk


@rule("MA145", "high-traffic-table", Risk.MEDIUM, Act, recipe="R0")
def high_traffic_table(act: Act, context: Context) -> Iterator[Concern]:
    for name, level in act.effects.locks:
        if not level.blocks_writes or context.is_new(name) or name in context.held():
            continue
        table = context.table(name)
        traffic = table.traffic if table else None
        busy = traffic is not None and traffic >= context.options.busy_per_s
        if not busy and name not in context.options.busy_tables:
            continue
        how = f", with about {traffic:.0f} scans and changed rows a second" if busy and traffic else ""
        yield Concern(
            f"{name} is busy{how}, and this takes {said(level, name)}",
            Remedy(
                "give up early and try again, so that nobody queues for long",
                (BRIEFLY, act.statement.sql),
                commands=ONLINE,
            ),
            table=name,
        )

"""LOCK TABLE holds what it takes until the transaction ends.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
LOCK TABLE orders; -- finds MA140
```

## Prefer

```sql
LOCK TABLE orders IN ROW EXCLUSIVE MODE;
```

Source: PostgreSQL manual, LOCK.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY
from midair.analysis.wording import listed, said
from midair.model.change import LockTables
from midair.model.finding import Remedy, Risk


@rule("MA140", "explicit-lock-table", Risk.HIGH, LockTables)
def explicit_lock_table(change: LockTables, context: Context) -> Iterator[Concern]:
    used = [each for each in change.tables if not context.is_new(each)]
    if used and change.level.blocks_writes:
        yield Concern(
            f"{said(change.level, listed(used))} until the transaction ends",
            Remedy(
                "leave it out, for each statement takes the lock it needs; where it must be, wait with a limit",
                (BRIEFLY, context.act.statement.sql),
            ),
            table=used[0],
        )

"""LOCK TABLE holds what it takes until the transaction ends.

How long that is, what comes after it decides: with nothing but brief statements it is a moment.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

## Avoid

```sql
LOCK TABLE orders; -- finds MA140
UPDATE orders SET note = 'x';
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
from midair.model.change import Delete, Insert, LockTables, Opaque, Update
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
            risk=None if _something_long(context) else Risk.MEDIUM,
            table=used[0],
        )


def _something_long(context: Context) -> bool:
    """What follows in the transaction reads, copies or changes rows; or nobody can tell."""
    return any(
        act.effects.works_long
        or any(isinstance(each, Update | Delete | Insert | Opaque) for each in act.changes)
        for act in context.later
        if act.transaction == context.act.transaction is not None
    )

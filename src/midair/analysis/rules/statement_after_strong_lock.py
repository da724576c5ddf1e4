"""Long work in a transaction that already holds a strong lock.

The lock stays until COMMIT: what comes after it makes the outage longer, even when it needs no lock of
its own. Of rows changed there, `data-change-in-schema-migration` speaks.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, total integer);
CREATE TABLE customers (id bigint PRIMARY KEY, orders integer);
INSERT INTO customers SELECT g, 0 FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN note text;
CREATE INDEX customers_orders ON customers (orders); -- finds MA503
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN note text;
-- next migration
CREATE INDEX CONCURRENTLY customers_orders ON customers (orders);
```

Source: PostgreSQL manual, 13.3 "Explicit Locking": locks are held until the end of the transaction.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.analysis.wording import listed, said
from midair.model.change import Delete, Insert, Query, Update, ValidateConstraint
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule("MA503", "statement-after-strong-lock", Risk.HIGH, Act, recipe="R0", grows=True)
def statement_after_strong_lock(act: Act, context: Context) -> Iterator[Concern]:
    work = sorted(
        each
        for each in act.effects.scans | act.effects.rewrites | act.effects.rebuilds
        if not context.is_new(each)
    )
    if not work or act.effects.refused or any(isinstance(each, ValidateConstraint) for each in act.changes):
        return  # validate-in-same-transaction speaks of those
    level, worst = context.memory.worst
    if level < LockLevel.SHARE_ROW_EXCLUSIVE:
        return
    held = context.held()
    if all(each in held and act.effects.lock_on(each).blocks_writes for each in work):
        return  # the statement's own lock is a finding already
    if all(
        isinstance(each, Update | Delete | Insert) and not context.is_new(each.table) for each in act.changes
    ):
        return  # data-change-in-schema-migration speaks of those
    risk = None if _is_long(act) else Risk.MEDIUM
    yield Concern(
        f"the transaction holds {said(level, worst)}, and reading {listed(work)} makes that longer",
        Remedy(
            "put the long work in a transaction of its own",
            (act.statement.sql,),
            commands=new_migration(f"the long work on {work[0]}"),
        ),
        risk=risk,
        table=work[0],
    )


def _is_long(act: Act) -> bool:
    return not all(
        isinstance(each, Query | Insert | Delete) and not act.effects.rewrites for each in act.changes
    )

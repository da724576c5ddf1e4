"""BEGIN without COMMIT: the tool's session ends, and the server rolls it all back.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
-- outside a transaction
BEGIN; -- finds MA507
ALTER TABLE orders ADD COLUMN note text;
```

## Prefer

```sql
-- outside a transaction
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT;
```

Source: PostgreSQL manual, BEGIN.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Transaction
from midair.model.finding import Remedy, Risk


@rule("MA507", "transaction-not-closed", Risk.HIGH, Transaction)
def transaction_not_closed(change: Transaction, context: Context) -> Iterator[Concern]:
    if change.verb != "begin" or context.act.managed:
        return
    closed = any(
        isinstance(each, Transaction) and each.verb in ("commit", "rollback")
        for act in context.later
        for each in act.changes
    )
    if not closed:
        yield Concern(
            "nothing commits the transaction that begins here", Remedy("add COMMIT at its end", ("COMMIT",))
        )

"""BEGIN or COMMIT inside a migration that the tool already runs in a transaction.

BEGIN does not nest, and COMMIT ends the tool's own transaction: what follows runs without one, and a
failure leaves half of it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
BEGIN; -- finds MA506
ALTER TABLE orders ADD COLUMN note text;
COMMIT; -- finds MA506
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN note text;
```

Source: PostgreSQL manual, BEGIN, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Transaction
from midair.model.finding import Remedy, Risk


@rule("MA506", "transaction-nesting", Risk.HIGH, Transaction)
def transaction_nesting(change: Transaction, context: Context) -> Iterator[Concern]:
    if not context.act.managed or change.verb not in ("begin", "commit", "rollback"):
        return
    what = "opens nothing new" if change.verb == "begin" else "ends the tool's own transaction"
    yield Concern(
        f"{change.verb.upper()} {what}: the tool already runs the migration in one",
        Remedy("leave it out", certain=False),
    )

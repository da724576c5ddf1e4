"""TRUNCATE removes every row, locks the table against everybody, and older snapshots see it empty.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
TRUNCATE orders; -- finds MA204
```

## Prefer

```sql
DELETE FROM orders WHERE id BETWEEN 1 AND 1000;
```

Source: PostgreSQL manual, TRUNCATE, and 13.6 "Caveats".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import one_batch
from midair.analysis.wording import listed
from midair.model.change import Truncate
from midair.model.finding import Remedy, Risk


@rule("MA204", "truncate", Risk.HIGH, Truncate, recipe="R34")
def truncate(change: Truncate, context: Context) -> Iterator[Concern]:
    used = [each for each in change.tables if not context.is_new(each)]
    if not used:
        return
    others = sorted(
        name
        for name, _ in context.effects(change).locks
        if name in context.schema.tables and name not in change.tables
    )
    also = (
        f", and by CASCADE those of {listed(others) if others else 'every table that points to it'}"
        if change.cascade
        else ""
    )
    yield Concern(
        f"every row of {listed(used)} is lost{also}",
        Remedy(
            "delete in batches when somebody uses the table, those that point to it first; name every table instead of CASCADE",
            tuple(
                sql for each in (*others, *used) for sql in one_batch(context, each, f"DELETE FROM {each}")
            ),
        ),
        table=used[0],
    )

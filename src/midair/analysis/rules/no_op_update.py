"""A column is set to itself: every row is written for nothing.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
```

## Avoid

```sql
UPDATE orders SET state = state WHERE id = 1; -- finds MA606
```

## Prefer

```sql
UPDATE orders SET state = 'new' WHERE id = 1;
```

Source: PostgreSQL manual, UPDATE: a new version of the row is made whatever the value.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.change import Update
from midair.model.finding import Remedy, Risk


@rule("MA606", "no-op-update", Risk.LOW, Update)
def no_op_update(change: Update, context: Context) -> Iterator[Concern]:
    if change.unchanged and set(change.sets) == set(change.unchanged):
        yield Concern(
            f"{listed(sorted(change.unchanged))} keeps its value, yet each row is written again",
            Remedy("leave it out"),
        )

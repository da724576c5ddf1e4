"""VACUUM gives an empty tail back under a short ACCESS EXCLUSIVE lock.

It does so after mass deletes; on replicas the lock cancels queries.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
VACUUM orders; -- finds MA142
```

## Prefer

```sql
VACUUM (TRUNCATE false) orders;
```

Source: PostgreSQL manual, VACUUM; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Maintain
from midair.model.finding import Remedy, Risk


@rule("MA142", "vacuum-truncates", Risk.LOW, Maintain)
def vacuum_truncates(change: Maintain, context: Context) -> Iterator[Concern]:
    if (
        change.verb == "vacuum"
        and change.truncates
        and change.table is not None
        and not context.is_new(change.table)
    ):
        yield Concern(
            f"VACUUM may cut {change.table}'s empty tail off under ACCESS EXCLUSIVE",
            Remedy("leave the tail where it is", (f"VACUUM (TRUNCATE false) {change.table}",)),
            table=change.table,
        )

"""After a rewrite, transactions that began before it see the table empty.

Without an error: a long report or a dump silently reads nothing. Off by default, because every rewrite
is reported for its lock already.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint; -- finds MA212
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN quantity_new bigint;
```

Source: PostgreSQL manual, 13.6 "Caveats".
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.finding import Remedy, Risk


@rule("MA212", "rewrite-not-mvcc-safe", Risk.MEDIUM, Act, default=False)
def rewrite_not_mvcc_safe(act: Act, context: Context) -> Iterator[Concern]:
    copied = sorted(each for each in act.effects.rewrites if not context.is_new(each))
    if copied:
        yield Concern(
            f"transactions older than this one will see {listed(copied)} empty",
            Remedy(
                "wait until older snapshots are gone, or change through a new column; these sessions have one",
                (
                    "SELECT pid, application_name, xact_start, query FROM pg_stat_activity "
                    "WHERE backend_xmin IS NOT NULL ORDER BY age(backend_xmin) DESC",
                ),
            ),
            table=copied[0],
        )

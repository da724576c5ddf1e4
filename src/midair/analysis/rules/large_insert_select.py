"""INSERT … SELECT copies a table in one transaction.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
CREATE TABLE archive (id bigint PRIMARY KEY, state text);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
INSERT INTO archive (id, state) SELECT id, state FROM orders; -- finds MA603
```

## Prefer

```sql
INSERT INTO archive (id, state) VALUES (1, 'old');
```

Source: PostgreSQL manual, INSERT.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, one_range
from midair.analysis.wording import listed
from midair.model.change import Insert
from midair.model.finding import Remedy, Risk


@rule("MA603", "large-insert-select", Risk.MEDIUM, Insert, grows=True)
def large_insert_select(change: Insert, context: Context) -> Iterator[Concern]:
    sources = [
        each
        for each in change.reads
        if not context.is_new(each) and not ((found := context.table(each)) and found.empty)
    ]
    if change.rows is None and sources and not context.is_new(change.table):
        yield Concern(
            f"all rows it finds in {listed(sources)} are copied to {change.table} in one transaction",
            Remedy(
                "copy in batches by the key, on to the highest",
                one_range(context, sources[0]),
                commands=ONLINE,
            ),
            table=sources[0],
        )

"""The table has the same index already: each write keeps both up.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
CREATE INDEX customers_email ON customers (email);
```

## Avoid

```sql
CREATE INDEX CONCURRENTLY customers_email_again ON customers (email); -- finds MA813
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY customers_email_lower ON customers (lower(email));
```

Source: PostgreSQL manual, 11.1 "Indexes".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex, DropIndex
from midair.model.finding import Remedy, Risk


@rule("MA813", "index-duplicate", Risk.LOW, CreateIndex)
def index_duplicate(change: CreateIndex, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    own = change.index.keys.removeprefix("unique ")
    for each in table.indexes if table else ():
        same = each.keys.removeprefix("unique ") == own and (each.unique or not change.index.unique)
        dropped = any(
            isinstance(later, DropIndex) and later.index == each.name
            for act in context.later_on(change.table)
            for later in act.changes
        )
        if same and each.name != change.index.name and not dropped:
            yield Concern(
                f"{each.name} already is what {change.index.name} will be",
                Remedy(
                    "leave it out; where it is there already, drop it",
                    (f"DROP INDEX CONCURRENTLY IF EXISTS {change.index.name}",),
                ),
                table=change.table,
            )
            return

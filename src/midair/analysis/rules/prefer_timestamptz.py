"""A timestamp without time zone does not say which moment it means.

## Avoid

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamp); -- finds MA804
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

Source: PostgreSQL manual, 8.5 "Date/Time Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import retyped
from midair.analysis.wording import listed
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk


@rule("MA804", "prefer-timestamptz", Risk.LOW, CreateTable, AddColumn)
def prefer_timestamptz(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    found = [each for each in columns if each.type.name == "timestamp"]
    names = [each.name for each in found]
    if names:
        have = "has" if len(names) == 1 else "have"
        yield Concern(
            f"{listed(names)} of {change.table} {have} no time zone",
            retyped("use timestamptz", change, found, "timestamptz", context),
        )

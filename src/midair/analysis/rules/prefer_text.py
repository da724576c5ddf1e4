"""varchar(n) sets a limit that is hard to change later; text with a check is not.

## Avoid

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(50)); -- finds MA808
```

## Prefer

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
```

Source: PostgreSQL manual, 8.3 "Character Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import retyped
from midair.analysis.wording import listed
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk


@rule("MA808", "prefer-text", Risk.LOW, CreateTable, AddColumn, default=False)
def prefer_text(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    found = [each for each in columns if each.type.name == "varchar" and each.type.modifiers]
    names = [each.name for each in found]
    if names:
        yield Concern(
            f"{listed(names)} of {change.table} has a length limit",
            retyped("use text, with a named check where a limit is meant", change, found, "text", context),
        )

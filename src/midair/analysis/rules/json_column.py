"""json knows no equality: DISTINCT, GROUP BY and UNION over the column fail. jsonb does.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN extra json; -- finds MA806
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN extra jsonb;
```

Source: PostgreSQL manual, 8.14 "JSON Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import retyped
from midair.analysis.wording import listed
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk


@rule("MA806", "json-column", Risk.LOW, CreateTable, AddColumn)
def json_column(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    found = [each for each in columns if each.type.name == "json"]
    names = [each.name for each in found]
    if names:
        yield Concern(
            f"{listed(names)} of {change.table} is json",
            retyped("use jsonb", change, found, "jsonb", context),
        )

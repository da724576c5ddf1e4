"""Labels of an enum cannot be removed again; a table of values can change.

## Avoid

```sql
CREATE TYPE state AS ENUM ('new', 'done'); -- finds MA811
```

## Prefer

```sql
CREATE TABLE states (name text PRIMARY KEY);
```

Source: PostgreSQL manual, 8.7 "Enumerated Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import CreateType
from midair.model.finding import Remedy, Risk


@rule("MA811", "enum-type-created", Risk.LOW, CreateType, default=False)
def enum_type_created(change: CreateType, context: Context) -> Iterator[Concern]:
    if change.kind == "enum":
        yield Concern(
            f"labels of {change.name} can be added, never removed",
            Remedy(
                "use a table, or text with a check",
                (
                    f"CREATE TABLE {change.name} (label text PRIMARY KEY)",
                    f"INSERT INTO {change.name} (label) VALUES {', '.join(f'({quoted(each)})' for each in change.labels)}",
                ),
            ),
        )

"""A replaced function behaves differently at once, in the middle of running requests.

## Given

```sql
CREATE FUNCTION price(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
```

## Avoid

```sql
CREATE OR REPLACE FUNCTION price(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'; -- finds MA317
```

## Prefer

```sql
CREATE FUNCTION doubled_price(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';
```

Source: PostgreSQL manual, CREATE FUNCTION.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateFunction
from midair.model.finding import Remedy, Risk


@rule("MA317", "routine-replaced", Risk.LOW, CreateFunction)
def routine_replaced(change: CreateFunction, context: Context) -> Iterator[Concern]:
    if change.replace and change.name in context.schema.functions:
        yield Concern(
            f"{change.name}() behaves differently at once",
            Remedy("make sure both versions of the application can live with it"),
        )

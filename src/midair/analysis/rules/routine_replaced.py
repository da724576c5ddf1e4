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
from midair.dialects.postgresql.reworded import renamed_function
from midair.model.change import CreateFunction
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA317", "routine-replaced", Risk.LOW, CreateFunction)
def routine_replaced(change: CreateFunction, context: Context) -> Iterator[Concern]:
    if change.replace and change.name in context.schema.functions:
        yield Concern(
            f"{change.name}() behaves differently at once",
            Remedy(
                "make it under another name beside the old one, unless both versions of the application can live with it",
                (made,)
                if (made := renamed_function(context.act.statement.sql, f"{bare_name(change.name)}_next"))
                else (),
            ),
        )

"""A SECURITY DEFINER function without a fixed search path runs what a caller puts in its way.

With its owner's rights.

## Avoid

```sql
CREATE FUNCTION close_all() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT'; -- finds MA820
```

## Prefer

```sql
CREATE FUNCTION close_all() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT';
```

Source: PostgreSQL manual, CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import with_search_path
from midair.model.change import CreateFunction
from midair.model.finding import Remedy, Risk


@rule("MA820", "security-definer-search-path", Risk.MEDIUM, CreateFunction)
def security_definer_search_path(change: CreateFunction, context: Context) -> Iterator[Concern]:
    if change.security_definer and not change.fixed_search_path:
        yield Concern(
            f"{change.name}() runs with its owner's rights and its caller's search path",
            Remedy(
                "add SET search_path = '', and say each name in the body with its schema",
                (made,) if (made := with_search_path(context.act.statement.sql)) else (),
                write=() if made else ("SET search_path = ''",),
            ),
        )

"""This statement is refused where a transaction is open.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
-- one transaction
VACUUM orders; -- finds MA403; refused 25001
```

## Prefer

```sql
VACUUM (TRUNCATE false) orders;
```

Source: PostgreSQL manual, each command's Notes (25001).
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.finding import Remedy, Risk


@rule("MA403", "autocommit-required", Risk.HIGH, Act)
def autocommit_required(act: Act, context: Context) -> Iterator[Concern]:
    concurrent = any(getattr(each, "concurrently", False) for each in act.changes)
    if act.transaction is not None and not act.effects.transactional and not concurrent:
        yield Concern(
            "the server refuses this inside a transaction (25001)",
            Remedy(
                "run it in a migration that the tool does not wrap in a transaction",
                (act.statement.sql,),
                commands=new_migration("one statement outside a transaction"),
            ),
        )

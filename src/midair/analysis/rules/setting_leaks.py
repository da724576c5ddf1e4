"""SET without LOCAL stays for whoever uses the connection next.

The next migration, or a client of the pool, inherits the timeout, search path, role or time zone.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
SET lock_timeout = '2s'; -- finds MA509
ALTER TABLE orders ADD COLUMN note text;
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
```

Source: PostgreSQL manual, SET.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import SetSetting
from midair.model.finding import Remedy, Risk

_LEAKING = frozenset(
    (
        "lock_timeout",
        "statement_timeout",
        "search_path",
        "timezone",
        "role",
        "session_authorization",
        "session_replication_role",
    )
)


@rule("MA509", "setting-leaks", Risk.LOW, SetSetting)
def setting_leaks(change: SetSetting, context: Context) -> Iterator[Concern]:
    if change.local or change.value is None or change.name not in _LEAKING or not context.atomic:
        return
    reset = any(
        isinstance(each, SetSetting) and each.name == change.name
        for act in context.later
        for each in act.changes
    )
    if not reset:
        yield Concern(
            f"{change.name} stays set for whatever runs on this connection next",
            Remedy("SET LOCAL ends with the transaction", (f"SET LOCAL {change.name} = '{change.value}'",)),
        )

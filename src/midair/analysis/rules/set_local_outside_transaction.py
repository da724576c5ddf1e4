"""SET LOCAL outside a transaction does nothing but warn.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
-- outside a transaction
SET LOCAL lock_timeout = '2s'; -- finds MA508
```

## Prefer

```sql
-- outside a transaction
SET lock_timeout = '2s';
RESET lock_timeout;
```

Source: PostgreSQL manual, SET.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import SetSetting
from midair.model.finding import Remedy, Risk


@rule("MA508", "set-local-outside-transaction", Risk.LOW, SetSetting)
def set_local_outside_transaction(change: SetSetting, context: Context) -> Iterator[Concern]:
    if change.local and not context.atomic and change.value is not None:
        yield Concern(
            f"SET LOCAL {change.name} has no effect here: no transaction is open",
            Remedy(
                "use SET, and RESET it at the end",
                (f"SET {change.name} = {quoted(change.value)}", f"RESET {change.name}"),
            ),
        )

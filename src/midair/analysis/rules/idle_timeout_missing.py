"""Nothing ends the transaction when the program that opened it hangs, and its locks stay.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN remark text; -- finds MA524
```

## Prefer

```sql
SET LOCAL idle_in_transaction_session_timeout = '30s';
ALTER TABLE orders ADD COLUMN remark text;
```

## Also fine

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, "Statement Behavior", idle_in_transaction_session_timeout and transaction_timeout.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.finding import Remedy, Risk

_LIMITS = ("idle_in_transaction_session_timeout", "transaction_timeout")


@rule("MA524", "idle-timeout-missing", Risk.LOW, Act, default=False)
def idle_timeout_missing(act: Act, context: Context) -> Iterator[Concern]:
    if act.transaction is None or context.held() or any(_set(act.settings.get(each)) for each in _LIMITS):
        return  # said where the transaction takes its first lock
    used = sorted(
        name for name, level in act.effects.locks if level.blocks_writes and not context.is_new(name)
    )
    if used:
        yield Concern(
            f"if the program that runs this hangs, {listed(used)} stays locked",
            Remedy("set a limit first", ("SET LOCAL idle_in_transaction_session_timeout = '30s'",)),
        )


def _set(value: str | None) -> bool:
    return value not in (None, "0", "0s", "0ms")

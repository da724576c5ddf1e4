"""A statement with a strong lock waits for ever, and everybody else behind it.

Off by default: midair sets a lock_timeout round each step itself. Turn it on where another tool runs
the migrations.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN note text; -- finds MA501
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
```

Source: measured: a SELECT behind a waiting ALTER waits as long as the ALTER does.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA501", "lock-timeout-missing", Risk.MEDIUM, Act, recipe="R0", default=False)
def lock_timeout_missing(act: Act, context: Context) -> Iterator[Concern]:
    strong = sorted(
        name for name, level in act.effects.locks if level.blocks_writes and not context.is_new(name)
    )
    if strong and act.settings.get("lock_timeout") in (None, "0"):
        yield Concern(
            f"it waits for {strong[0]} without a limit, and every later query waits behind it",
            Remedy("set a limit and try again when it is reached", ("SET LOCAL lock_timeout = '2s'",)),
        )

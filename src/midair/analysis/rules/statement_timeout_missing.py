"""Nothing ends the statement when it takes longer than anybody thought.

A guess that was wrong then runs for hours, with its locks. A limit turns it into a failed migration.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

## Avoid

```sql
UPDATE orders SET note = 'x' WHERE id = 1; -- finds MA521
```

## Prefer

```sql
SET LOCAL statement_timeout = '15min';
UPDATE orders SET note = 'x' WHERE id = 1;
```

## Also fine

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, "Statement Behavior", statement_timeout.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Delete, Insert, Update
from midair.model.finding import Remedy, Risk


@rule("MA521", "statement-timeout-missing", Risk.LOW, Act, default=False)
def statement_timeout_missing(act: Act, context: Context) -> Iterator[Concern]:
    if act.settings.get("statement_timeout") not in (None, "0") or not act.effects.transactional:
        return
    touched = [name for name, level in act.effects.locks if level.blocks_writes]
    touched += [each.table for each in act.changes if isinstance(each, Update | Delete | Insert)]
    used = [each for each in touched if not context.is_new(each)]
    first = act.number == 0 or (context.previous is not None and not _works(context.previous, context))
    if used and first:
        yield Concern(
            f"nothing ends it if the work on {used[0]} takes longer than thought",
            Remedy("set a limit", ("SET LOCAL statement_timeout = '15min'",)),
        )


def _works(act: Act, context: Context) -> bool:
    """The one before was told the same: once is enough."""
    return any(not context.is_new(name) and level.blocks_writes for name, level in act.effects.locks)

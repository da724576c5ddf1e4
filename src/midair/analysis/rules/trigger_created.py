"""A new trigger stops writes to its table for a moment, and slows every write afterwards.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
```

## Avoid

```sql
CREATE TRIGGER orders_audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit(); -- finds MA138
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
```

## Fine when

It is needed: run it with a lock_timeout, alone in its transaction.

Source: PostgreSQL manual, 13.3 (SHARE ROW EXCLUSIVE).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY
from midair.model.change import CreateTrigger
from midair.model.finding import Remedy, Risk


@rule("MA138", "trigger-created", Risk.LOW, CreateTrigger, recipe="R29")
def trigger_created(change: CreateTrigger, context: Context) -> Iterator[Concern]:
    if not context.is_new(change.table) and not context.is_view(change.table):
        yield Concern(
            f"creating {change.name} stops writes to {change.table} for a moment, and every write will call {change.function}()",
            Remedy("run it alone, with a lock_timeout", (BRIEFLY, context.act.statement.sql)),
            table=change.table,
        )

"""A new enum label cannot be used before the transaction that added it is committed.

## Given

```sql
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE orders (id bigint PRIMARY KEY, state state);
INSERT INTO orders VALUES (1, 'new');
```

## Avoid

```sql
ALTER TYPE state ADD VALUE 'lost';
UPDATE orders SET state = 'lost' WHERE id = 1; -- finds MA407; refused 55P04
```

## Prefer

```sql
ALTER TYPE state ADD VALUE 'lost';
-- next migration
UPDATE orders SET state = 'lost' WHERE id = 1;
```

## Fine when

The same transaction made the type (since PostgreSQL 17 also for values it added).

Source: PostgreSQL manual, ALTER TYPE, Notes (55P04).
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration, quoted
from midair.model.change import (
    AddColumn,
    Column,
    Default,
    Query,
    SetDefault,
    Update,
)
from midair.model.finding import Remedy, Risk


@rule("MA407", "enum-value-used-before-commit", Risk.HIGH, Act, recipe="R20")
def enum_value_used_before_commit(act: Act, context: Context) -> Iterator[Concern]:
    fresh = {
        label: name
        for label, name in context.memory.labels.items()
        if not (name in context.memory.types and (context.version or 17) >= 17)
    }
    for change in act.changes:
        for label in sorted(fresh):
            if label in _texts(change, label):
                yield Concern(
                    f"'{label}' was added to {fresh[label]} in the same transaction: the server refuses to use it before COMMIT (55P04)",
                    Remedy(
                        "add the label in a migration of its own, before this one",
                        (f"ALTER TYPE {fresh[label]} ADD VALUE IF NOT EXISTS {quoted(label)}",),
                        commands=new_migration(f"add {label} to {fresh[label]}"),
                    ),
                )


def _texts(change: object, label: str) -> frozenset[str]:
    match change:
        case Update(enum_labels=used) | Query(labels=used):
            return used
        case SetDefault(default=default) | AddColumn(column=Column(default=Default() as default)):
            return frozenset({label}) if f"'{label}'" in default.sql else frozenset()
        case _:
            return frozenset()

"""The new label sorts last, because nothing says where it belongs.

Labels of an enum compare in the order they stand in. One that was added without BEFORE or AFTER stands at
the end, whatever it means, and cannot be moved.

## Given

```sql
CREATE TYPE state AS ENUM ('new', 'done');
```

## Avoid

```sql
ALTER TYPE state ADD VALUE 'paid'; -- finds MA824
```

## Prefer

```sql
ALTER TYPE state ADD VALUE 'paid' BEFORE 'done';
```

Source: PostgreSQL manual, ALTER TYPE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import AddEnumValue
from midair.model.finding import Remedy, Risk


@rule("MA824", "enum-value-order", Risk.LOW, AddEnumValue, default=False)
def enum_value_order(change: AddEnumValue, context: Context) -> Iterator[Concern]:
    if change.placed:
        return
    known = context.schema.types.get(change.name)
    last = known.labels[-1] if known and known.labels else None
    text = f"ALTER TYPE {change.name} ADD VALUE {quoted(change.label)}"
    yield Concern(
        f"'{change.label}' comes after {quoted(last) if last else 'all others'}",
        Remedy("say where it belongs", (f"{text} AFTER {quoted(last)}",) if last else (text,)),
    )

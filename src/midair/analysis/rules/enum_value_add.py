"""A new enum label reaches readers that may not know it.

Strict decoders fail on it. Deploy readers that know it before something writes it. It cannot be
removed again.

## Given

```sql
CREATE TYPE state AS ENUM ('new', 'done');
```

## Avoid

```sql
ALTER TYPE state ADD VALUE 'lost'; -- finds MA306
```

## Prefer

```sql
CREATE TABLE states (name text PRIMARY KEY);
```

Source: PostgreSQL manual, ALTER TYPE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions
from midair.model.change import AddEnumValue
from midair.model.finding import Remedy, Risk


@rule("MA306", "enum-value-add", Risk.LOW, AddEnumValue)
def enum_value_add(change: AddEnumValue, context: Context) -> Iterator[Concern]:
    known = context.schema.types.get(change.name)
    if known is None or change.label not in known.labels:
        yield Concern(
            f"readers of {change.name} may not know '{change.label}'",
            Remedy(
                "deploy readers that know it before something writes it; these may be readers",
                commands=mentions(change.name, *(known.labels[:1] if known else ())),
            ),
        )

"""Renaming an enum's label breaks the running application: it sends and expects the old one.

## Given

```sql
CREATE TYPE state AS ENUM ('new', 'done');
```

## Avoid

```sql
ALTER TYPE state RENAME VALUE 'done' TO 'closed'; -- finds MA305
```

## Prefer

```sql
ALTER TYPE state ADD VALUE 'closed';
```

Source: PostgreSQL manual, ALTER TYPE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import RenameEnumValue
from midair.model.finding import Remedy, Risk


@rule("MA305", "enum-value-rename", Risk.HIGH, RenameEnumValue, recipe="R21")
def enum_value_rename(change: RenameEnumValue, context: Context) -> Iterator[Concern]:
    if not context.is_new(change.name):
        yield Concern(
            f"an application that sends or reads '{change.label}' fails from then on",
            Remedy(
                "add the new label, teach the application both, then move the rows",
                (f"ALTER TYPE {change.name} ADD VALUE '{change.new_label}'",),
            ),
        )

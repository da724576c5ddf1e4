"""Outside a transaction a failed migration cannot be run again.

What was done stays done, and the second run stumbles over it. Off by default: midair's journal knows.
Beware: IF NOT EXISTS also accepts an object of the same name that is different.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN note text; -- finds MA514
```

## Prefer

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
```

Source: PostgreSQL manual, ALTER TABLE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import guarded
from midair.model.change import AddColumn, CreateTable, DropColumn, DropConstraint, DropTable
from midair.model.finding import Remedy, Risk


@rule(
    "MA514",
    "not-idempotent",
    Risk.LOW,
    CreateTable,
    DropTable,
    AddColumn,
    DropColumn,
    DropConstraint,
    default=False,
)
def not_idempotent(
    change: CreateTable | DropTable | AddColumn | DropColumn | DropConstraint, context: Context
) -> Iterator[Concern]:
    if context.atomic:
        return
    is_guarded = change.if_not_exists if isinstance(change, CreateTable | AddColumn) else change.if_exists
    if not is_guarded:
        yield Concern(
            "a second run fails here",
            Remedy(
                "add IF [NOT] EXISTS, or run it in a transaction",
                (made,) if (made := guarded(context.act.statement.sql)) else (),
            ),
        )

"""Several ALTER TABLE of one table that could share one lock.

Each waits for the lock again; several rewrites make several copies.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE orders ADD COLUMN remark text; -- finds MA515
```

## Prefer

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN note text, ADD COLUMN remark text;
```

Source: PostgreSQL manual, ALTER TABLE, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import together
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    DropColumn,
    DropDefault,
    DropNotNull,
    SetDefault,
)
from midair.model.finding import Remedy, Risk


@rule("MA515", "multiple-alters-same-table", Risk.LOW, Act)
def multiple_alters_same_table(act: Act, context: Context) -> Iterator[Concern]:
    previous = context.previous
    if previous is None or act.effects.refused:
        return
    mine, before = _altered(act), _altered(previous)
    if mine is None or mine != before or context.is_new(mine):
        return
    both_copy = bool(act.effects.rewrites) and bool(previous.effects.rewrites)
    both_brief = not act.effects.works_long and not previous.effects.works_long
    if both_copy or (both_brief and act.transaction is None):
        yield Concern(
            f"{mine} is {'copied' if both_copy else 'locked'} twice where once would do",
            Remedy(
                "put both actions in one ALTER TABLE",
                (both,) if (both := together(previous.statement.sql, act.statement.sql)) else (),
            ),
            risk=Risk.MEDIUM if both_copy else None,
        )


def _altered(act: Act) -> str | None:
    kinds = (AddColumn, DropColumn, SetDefault, DropDefault, DropNotNull, AlterColumnType, AddConstraint)
    if not all(isinstance(each, kinds) for each in act.changes):
        return None
    tables = {each.table for each in act.changes if isinstance(each, kinds)}
    return tables.pop() if len(tables) == 1 else None

"""Renaming a column breaks the running application at once, and the new one until then.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

## Avoid

```sql
ALTER TABLE orders RENAME COLUMN note TO remark; -- finds MA301
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN remark text;
```

## Fine when

No application uses the column. midair renames online: both names work from expand to contract.

Source: expand-contract (design.md §4).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import HELD_BACK, doubled, key_of
from midair.model.change import RenameColumn
from midair.model.finding import Remedy, Risk


@rule("MA301", "column-rename", Risk.HIGH, RenameColumn, recipe="R14")
def column_rename(change: RenameColumn, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or context.column_is_new(change.table, change.column):
        return
    risk = Risk.MEDIUM if context.is_view(change.table) else None
    table = context.table(change.table)
    column = table.column(change.column) if table and table.kind == "table" else None
    yield Concern(
        f"queries that say {change.table}.{change.column} fail from then on, those that say {change.new_name} until then",
        Remedy(
            "keep both names in step until no application uses the old one, then drop it; midair does so online",
            doubled(change.table, column, change.new_name, key_of(table)) if column else (),
            commands=HELD_BACK,
        ),
        risk=risk,
        table=change.table,
    )

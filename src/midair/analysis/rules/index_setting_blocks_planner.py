"""This change of an index stops the planner for a moment: SELECT on its table waits.

Needed is ACCESS EXCLUSIVE on the index. Renaming an index by ALTER TABLE is such a case; ALTER INDEX …
RENAME needs a weak lock only.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Avoid

```sql
ALTER TABLE orders_placed_at RENAME TO orders_placed_at_idx; -- finds MA126
```

## Prefer

```sql
ALTER INDEX orders_placed_at RENAME TO orders_placed_at_idx;
```

Source: PostgreSQL manual, ALTER INDEX; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import ChangeIndex, RenameTable
from midair.model.finding import Remedy, Risk


@rule("MA126", "index-setting-blocks-planner", Risk.MEDIUM, ChangeIndex, RenameTable)
def index_setting_blocks_planner(change: ChangeIndex | RenameTable, context: Context) -> Iterator[Concern]:
    if isinstance(change, RenameTable):
        if change.kind == "table" and change.table in context.schema.index_tables:
            sql = f"ALTER INDEX {change.table} RENAME TO {change.new_name}"
            yield Concern(
                f"renaming {change.table} by ALTER TABLE locks it against the planner: queries on its table wait",
                Remedy("ALTER INDEX needs a weak lock only", (sql,), certain=True),
            )
        return
    if change.action == "set option":
        yield Concern(
            f"changing {change.index} takes ACCESS EXCLUSIVE on it for a moment: queries on its table wait",
            Remedy("run it with a short lock_timeout, and again until it succeeds"),
        )

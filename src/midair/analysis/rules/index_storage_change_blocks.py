"""Moving an index to another tablespace stops reads as well.

The index is copied under ACCESS EXCLUSIVE, and the planner cannot plan for its table meanwhile.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Avoid

```sql
ALTER INDEX orders_placed_at SET TABLESPACE pg_default; -- finds MA125
```

## Prefer

```sql
REINDEX (TABLESPACE pg_default) INDEX CONCURRENTLY orders_placed_at;
```

Source: PostgreSQL manual, REINDEX (TABLESPACE since 14); measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import tablespace_of
from midair.model.change import ChangeIndex
from midair.model.finding import Remedy, Risk


@rule("MA125", "index-storage-change-blocks", Risk.HIGH, ChangeIndex, recipe="R3", grows=True)
def index_storage_change_blocks(change: ChangeIndex, context: Context) -> Iterator[Concern]:
    if change.action != "set tablespace":
        return
    name = change.index or "every index of the tablespace"
    space = tablespace_of(context.act.statement.sql)
    yield Concern(
        f"{name} is copied under ACCESS EXCLUSIVE: queries on its table wait, SELECT too",
        Remedy(
            "rebuild it there concurrently",
            (f"REINDEX (TABLESPACE {space}) INDEX CONCURRENTLY {change.index}",)
            if change.index and space
            else (),
            commands=() if change.index else ("pg_repack --all --only-indexes",),
        ),
    )

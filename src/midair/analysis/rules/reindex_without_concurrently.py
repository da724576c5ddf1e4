"""REINDEX in the ordinary way stops writes, and reads too.

The table is locked only against writes, but the index itself is locked against everybody, and the
planner opens every index of a table it plans for: SELECT waits as well.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
CREATE INDEX orders_placed_at ON orders (placed_at);
```

## Avoid

```sql
REINDEX INDEX orders_placed_at; -- finds MA103
```

## Prefer

```sql
REINDEX INDEX CONCURRENTLY orders_placed_at;
```

Source: PostgreSQL manual, REINDEX; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Reindex
from midair.model.finding import Remedy, Risk


@rule("MA103", "reindex-without-concurrently", Risk.HIGH, Reindex, recipe="R3", grows=True)
def reindex_without_concurrently(change: Reindex, context: Context) -> Iterator[Concern]:
    if change.concurrently or change.kind == "system":
        return
    name = f" {change.name}" if change.name else ""
    kind = change.kind.upper()
    yield Concern(
        f"REINDEX {kind}{name} locks each index against reads and its table against writes while it is built again",
        Remedy(
            "rebuild concurrently, outside a transaction",
            (f"REINDEX {kind} CONCURRENTLY{name}",),
            certain=True,
        ),
        table=change.name if change.kind == "table" else None,
    )

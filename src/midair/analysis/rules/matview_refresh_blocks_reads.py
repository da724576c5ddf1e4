"""Refreshing a materialized view in the ordinary way stops its readers.

CONCURRENTLY lets them go on; it needs a unique index on plain columns. WITH NO DATA takes no time, but a view
without data cannot be read at all (55000).

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE MATERIALIZED VIEW order_ids AS SELECT id FROM orders;
CREATE UNIQUE INDEX order_ids_id ON order_ids (id);
```

## Avoid

```sql
REFRESH MATERIALIZED VIEW order_ids; -- finds MA132
```

## Also flagged

```sql
REFRESH MATERIALIZED VIEW order_ids WITH NO DATA; -- finds MA132
```

## Prefer

```sql
REFRESH MATERIALIZED VIEW CONCURRENTLY order_ids;
```

Source: PostgreSQL manual, REFRESH MATERIALIZED VIEW.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import RefreshView
from midair.model.finding import Remedy, Risk


@rule("MA132", "matview-refresh-blocks-reads", Risk.HIGH, RefreshView, recipe="R28", grows=True)
def matview_refresh_blocks_reads(change: RefreshView, context: Context) -> Iterator[Concern]:
    if change.concurrently or context.is_new(change.view):
        return
    if not change.with_data:
        yield Concern(
            f"{change.view} is emptied, and every query of it fails until it is refreshed",
            Remedy(
                "refresh it with its data, concurrently",
                (f"REFRESH MATERIALIZED VIEW CONCURRENTLY {change.view}",),
            ),
        )
        return
    view = context.table(change.view)
    ready = view is not None and any(
        each.unique and not each.partial and not each.expressions for each in view.indexes
    )
    need = "" if ready else "; make a unique index on plain columns of the view first"
    yield Concern(
        f"readers of {change.view} wait until it is refreshed",
        Remedy(
            f"refresh concurrently{need}",
            (f"REFRESH MATERIALIZED VIEW CONCURRENTLY {change.view}",),
            certain=ready,
        ),
        table=change.view,
    )

"""This copies the whole table while nobody can use it.

VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE and SET ACCESS METHOD have no gentle
form up to PostgreSQL 18.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
VACUUM FULL orders; -- finds MA131
```

## Also flagged

```sql
ALTER TABLE orders SET UNLOGGED; -- finds MA131
```

## Prefer

```sql
VACUUM (ANALYZE) orders;
```

## Fine when

A window is open. pg_repack and pg_squeeze do it while work goes on.

Source: PostgreSQL manual, VACUUM, CLUSTER, ALTER TABLE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import ChangeTable, Maintain
from midair.model.finding import Remedy, Risk


@rule("MA131", "table-rewrite-maintenance", Risk.HIGH, Maintain, ChangeTable, grows=True)
def table_rewrite_maintenance(change: Maintain | ChangeTable, context: Context) -> Iterator[Concern]:
    if isinstance(change, Maintain):
        what = change.verb.upper()
        if what not in ("VACUUM FULL", "CLUSTER"):
            return
    else:
        what = change.action.upper().replace("UN LOGGED", "UNLOGGED").replace("TABLE SPACE", "TABLESPACE")
        if not context.effects(change).rewrites:
            return
    if change.table is not None and context.is_new(change.table):
        return
    yield Concern(
        f"{what} copies {change.table or 'every table'} under ACCESS EXCLUSIVE: reads and writes wait",
        Remedy("plan a window, or use pg_repack or pg_squeeze"),
        table=change.table,
    )

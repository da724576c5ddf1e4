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

import shlex
from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named
from midair.model.change import ChangeTable, Maintain
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA131", "table-rewrite-maintenance", Risk.HIGH, Maintain, ChangeTable, grows=True)
def table_rewrite_maintenance(change: Maintain | ChangeTable, context: Context) -> Iterator[Concern]:
    if isinstance(change, Maintain):
        what = change.verb.upper()
        if what not in ("VACUUM FULL", "CLUSTER"):
            return
    else:
        what = change.action.upper().replace("UN LOGGED", "UNLOGGED").replace("TABLE SPACE", "TABLESPACE")
        # Which tables ALL IN TABLESPACE means is known to the server only.
        if not context.effects(change).rewrites and change.table != "*":
            return
    if change.table is not None and context.is_new(change.table):
        return
    if what == "CLUSTER" and change.table is None:
        yield Concern(
            "CLUSTER without a table copies each table that was clustered before, one after the other, under ACCESS EXCLUSIVE",
            Remedy("name the table", commands=("pg_repack --all",)),
            risk=Risk.MEDIUM,
        )
        return
    yield Concern(
        f"{what} copies {_said(change.table)} under ACCESS EXCLUSIVE: reads and writes wait",
        _remedy(what, change.table),
        table=change.table,
    )


def _said(table: str | None) -> str:
    return "every table" if table in (None, "*") else str(table)


def _remedy(what: str, table: str | None) -> Remedy:
    """pg_repack copies a table while it is used; what it cannot do needs a new table, or a window."""
    if table in (None, "*"):
        return Remedy("repack the tables while they are used", commands=("pg_repack --all",))
    name = f"--table={shlex.quote(table)}"
    if what == "VACUUM FULL":
        plain = (f"VACUUM (ANALYZE) {table}",)
        text = "VACUUM makes the room usable again; to give it back, repack the table while it is used"
        return Remedy(text, plain, commands=(f"pg_repack --no-order {name}",))
    if what.endswith("LOGGED"):
        kind = "UNLOGGED TABLE" if what.endswith("UNLOGGED") else "TABLE"
        return Remedy(
            "make a new table of that kind, copy in batches and let it take the name; or plan a window",
            (f"CREATE {kind} {beside(table, named(table, 'new'))} (LIKE {table} INCLUDING ALL)",),
        )
    return Remedy("repack the table while it is used, or plan a window", commands=(f"pg_repack {name}",))

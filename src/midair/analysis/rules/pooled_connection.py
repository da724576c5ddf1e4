"""Session-wide state through a pooler that gives each transaction another session.

What SET changed, a lock or a prepared statement is left behind in a session that the next transaction does
not get, and some other client's does. Looked at where the project's address is that of such a pooler.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
-- through a pooler
```

## Avoid

```sql
-- outside a transaction
SET lock_timeout = '2s'; -- finds MA520
SELECT pg_advisory_lock(7); -- finds MA520
ALTER TABLE orders ADD COLUMN remark text;
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
SELECT pg_advisory_xact_lock(7);
ALTER TABLE orders ADD COLUMN remark text;
```

Source: safety-rules.md 5.6; PgBouncer documentation, "Features", transaction pooling.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import CreateTable, Query, SetSetting
from midair.model.finding import Remedy, Risk

_LOCKS = frozenset(
    ["pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared"]
)


@rule("MA520", "pooled-connection", Risk.MEDIUM, SetSetting, Query, CreateTable)
def pooled_connection(change: SetSetting | Query | CreateTable, context: Context) -> Iterator[Concern]:
    if not context.options.pooled:
        return
    where = "and the pooler gives the next transaction another"
    match change:
        case SetSetting(name=name, value=str(value), local=False):
            what = f"{name} is set for this session, {where}"
            remedy = Remedy("say SET LOCAL in each transaction", (f"SET LOCAL {name} = {quoted(value)}",))
        case Query(functions=functions) if _LOCKS & set(functions):
            what = f"the lock stays with this session, {where}"
            text = context.act.statement.sql.replace("advisory_lock", "advisory_xact_lock")
            remedy = Remedy("use a lock that ends with the transaction", (text,))
        case CreateTable(table=table, persistence="temporary") if not context.atomic:
            what = f"{table} stays with this session, {where}"
            remedy = Remedy(
                "make and use it in one transaction", ("BEGIN", context.act.statement.sql, "COMMIT")
            )
        case _:
            return
    yield Concern(what, remedy)

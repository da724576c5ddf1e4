"""Which table this is depends on the session's search path.

Another user, a tenant's connection or a tool with a setting of its own finds, or makes, a table of that
name in another schema.

## Avoid

```sql
CREATE TABLE orders (id bigint PRIMARY KEY); -- finds MA825
```

## Prefer

```sql
SET LOCAL search_path = 'public';
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Also fine

```sql
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, "The Schema Search Path".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import in_public
from midair.model.change import CreateTable, DropTable
from midair.model.finding import Remedy, Risk


@rule("MA825", "schema-unqualified", Risk.LOW, CreateTable, DropTable, default=False)
def schema_unqualified(change: CreateTable | DropTable, context: Context) -> Iterator[Concern]:
    if isinstance(change, CreateTable) and change.persistence == "temporary":
        return
    if context.act.settings.get("search_path"):
        return
    written = in_public(context.act.statement.sql)
    if written is not None:
        yield Concern(
            f"the search path of the session decides which {change.table} this is",
            Remedy("name the schema", (written,)),
        )

"""Dropping a schema, database or tablespace loses everything in it.

## Given

```sql
CREATE SCHEMA billing;
CREATE TABLE billing.invoices (id bigint PRIMARY KEY);
```

## Avoid

```sql
DROP SCHEMA billing CASCADE; -- finds MA207
```

## Prefer

```sql
ALTER TABLE billing.invoices RENAME CONSTRAINT invoices_pkey TO invoices_key;
```

Source: PostgreSQL manual, DROP SCHEMA.
"""

import shlex
from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.analysis.wording import listed
from midair.dialects.postgresql.reworded import without_cascade
from midair.model.change import ChangeServer, DropObject
from midair.model.finding import Remedy, Risk


@rule("MA207", "schema-drop", Risk.HIGH, DropObject, ChangeServer)
def schema_drop(change: DropObject | ChangeServer, context: Context) -> Iterator[Concern]:
    if isinstance(change, ChangeServer):
        if change.action == "dropdb":
            name = shlex.quote((change.subject or "").replace('"', ""))
            yield Concern(
                f"the database {change.subject} and everything in it is lost",
                Remedy(
                    "keep a dump of it, and leave the drop to a person",
                    commands=(f"pg_dump --format=custom --file={name}.dump {name}",),
                ),
            )
        return
    if change.kind != "schema":
        return
    inside = [each for each in context.schema.tables if each.startswith(f"{change.name}.")]
    if context.schema.complete and not inside and not change.cascade:
        return
    what = f"{listed(sorted(inside))} in it" if inside else "everything in it"
    yield Concern(
        f"the schema {change.name} is lost, with {what}",
        Remedy(
            "drop its tables one by one, once nothing uses them",
            (
                *(f"DROP TABLE {each}" for each in sorted(inside)),
                *(() if inside else (_content(change.name),)),
                without_cascade(context.act.statement.sql) or context.act.statement.sql,
            ),
        ),
    )


def _content(schema: str) -> str:
    return f"SELECT oid::regclass, relkind FROM pg_class WHERE relnamespace = {quoted(schema)}::regnamespace"

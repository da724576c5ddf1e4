"""Moving to another schema breaks every qualified name, and the search path of the rest.

## Given

```sql
CREATE SCHEMA billing;
CREATE TABLE invoices (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE invoices SET SCHEMA billing; -- finds MA303
```

## Prefer

```sql
CREATE VIEW billing.invoices AS SELECT * FROM invoices;
```

Source: PostgreSQL manual, 5.10 "Schemas".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import MoveTable, RenameObject
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA303", "schema-rename-or-move", Risk.HIGH, MoveTable, RenameObject)
def schema_rename_or_move(change: MoveTable | RenameObject, context: Context) -> Iterator[Concern]:
    if isinstance(change, MoveTable):
        if not context.is_new(change.table):
            yield Concern(
                f"queries that say {change.table} no longer find it in {change.new_schema}",
                Remedy(
                    "leave a view in the old place, in the same transaction",
                    (
                        context.act.statement.sql,
                        f"CREATE VIEW {change.table} AS SELECT * FROM {change.new_schema}.{bare_name(change.table)}",
                    ),
                ),
                table=change.table,
            )
    elif change.kind in ("schema", "database"):
        yield Concern(
            f"everything that names the {change.kind} {change.name} fails from then on",
            _moved(change, context),
        )


def _moved(change: RenameObject, context: Context) -> Remedy:
    if change.kind == "database":
        sessions = f"SELECT pid, application_name FROM pg_stat_activity WHERE datname = {quoted(change.name)}"
        return Remedy("plan a window without these sessions", (sessions,))
    inside = sorted(
        each.name
        for each in context.schema.tables.values()
        if each.name.startswith(f"{change.name}.") and each.kind in ("table", "partitioned")
    )
    return Remedy(
        "make the new schema, and move its tables one by one with a view left in the old place",
        (
            f"CREATE SCHEMA {change.new_name}",
            *(
                sql
                for each in inside
                for sql in (
                    f"ALTER TABLE {each} SET SCHEMA {change.new_name}",
                    f"CREATE VIEW {each} AS SELECT * FROM {change.new_name}.{bare_name(each)}",
                )
            ),
        ),
    )

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
from midair.model.change import MoveTable, RenameObject
from midair.model.finding import Remedy, Risk


@rule("MA303", "schema-rename-or-move", Risk.HIGH, MoveTable, RenameObject)
def schema_rename_or_move(change: MoveTable | RenameObject, context: Context) -> Iterator[Concern]:
    if isinstance(change, MoveTable):
        if not context.is_new(change.table):
            yield Concern(
                f"queries that say {change.table} no longer find it in {change.new_schema}",
                Remedy("leave a view in the old place, in the same transaction"),
                table=change.table,
            )
    elif change.kind in ("schema", "database"):
        yield Concern(
            f"everything that names the {change.kind} {change.name} fails from then on",
            Remedy("plan a window"),
        )

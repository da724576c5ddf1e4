"""Dropping a table loses its rows, and breaks the running application that still uses it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
DROP TABLE orders; -- finds MA202
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN closed boolean NOT NULL DEFAULT false;
```

## Also fine

```sql
CREATE TABLE draft (id bigint);
DROP TABLE draft;
```

## Fine when

Nothing uses it any more. midair holds the drop back until `midair contract`, and with `archive = true`
renames the table first.

Source: PostgreSQL manual, DROP TABLE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import HELD_BACK
from midair.model.change import DropTable
from midair.model.finding import Remedy, Risk


@rule("MA202", "table-drop", Risk.HIGH, DropTable, recipe="R17")
def table_drop(change: DropTable, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or (change.if_exists and context.schema.exists(change.table) is False):
        return
    yield Concern(
        f"{change.table} and all its rows are lost, and every query that names it fails from then on",
        Remedy(
            "deploy an application without it first; let midair hold the drop back until `midair contract`",
            commands=HELD_BACK,
        ),
        table=change.table,
    )

"""A required column loses its default right after it was added: the running application fails to insert.

Django before 5.0 does so unless `db_default` is set: the default lives in the new code only.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN state text DEFAULT 'new' NOT NULL;
ALTER TABLE orders ALTER COLUMN state DROP DEFAULT; -- finds MA308
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN state text DEFAULT 'new' NOT NULL;
```

Source: measured: the old version's INSERT gets 23502.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.change import DropDefault
from midair.model.finding import Remedy, Risk


@rule("MA308", "default-only-in-code", Risk.MEDIUM, DropDefault)
def default_only_in_code(change: DropDefault, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if context.is_new(change.table) or not context.column_is_new(change.table, change.column):
        return
    if column is not None and column.not_null and column.default is not None:
        yield Concern(
            f"the running application does not know {change.table}.{change.column}, and without the default its inserts fail",
            Remedy(
                "keep the default until the application that writes the column runs everywhere (Django: db_default), and drop it in a later migration",
                (
                    f"ALTER TABLE {change.table} ALTER COLUMN {change.column} SET DEFAULT {column.default.sql}",
                ),
                commands=new_migration(f"drop default of {change.table}.{change.column}"),
            ),
            table=change.table,
        )

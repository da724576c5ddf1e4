"""A required column without its default: writers that leave it out fail from then on.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text NOT NULL DEFAULT 'new');
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN state DROP DEFAULT; -- finds MA307
```

## Prefer

```sql
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'draft';
```

## Also fine

```sql
ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN state TYPE varchar(10);
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'draft';
```

## Fine when

Every running version of the application writes the column.

Source: PostgreSQL manual, 5.2 "Default Values".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.change import DropColumn, DropDefault, SetDefault
from midair.model.finding import Remedy, Risk


@rule("MA307", "default-dropped", Risk.MEDIUM, DropDefault)
def default_dropped(change: DropDefault, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if context.is_new(change.table) or context.column_is_new(change.table, change.column):
        return  # default-only-in-code looks at those
    later = (each for act in (context.act, *context.later_on(change.table)) for each in act.changes)
    if any(
        isinstance(each, SetDefault | DropColumn)
        and (each.table, each.column) == (change.table, change.column)
        for each in later
    ):
        return
    if column is not None and column.not_null and column.default is not None:
        yield Concern(
            f"inserts that leave {change.table}.{change.column} out fail from then on",
            Remedy(
                "keep it, and drop it in a later migration, once every running version writes the column",
                (
                    f"ALTER TABLE {change.table} ALTER COLUMN {change.column} SET DEFAULT {column.default.sql}",
                ),
                commands=new_migration(f"drop default of {change.table}.{change.column}"),
            ),
            table=change.table,
        )

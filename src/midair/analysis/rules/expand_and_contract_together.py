"""One migration adds the new column, fills it and drops the old one: no order of deploying the application works.

Before it, the new version fails for want of the new column; after it, the old version fails for want of the
old one. In between, the rows that the old version writes never reach the new column.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, paid boolean);
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'paid' WHERE paid;
ALTER TABLE orders DROP COLUMN paid; -- finds MA706
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN state text;
```

## Also fine

```sql
ALTER TABLE orders ADD COLUMN state text;
ALTER TABLE orders DROP COLUMN paid;
```

## Also fine when the one has nothing to do with the other

```sql
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'new';
ALTER TABLE orders DROP COLUMN paid;
```

## Fine when

The application is stopped while it runs.

Source: the expand and contract pattern; PostgreSQL manual, Appendix A: 42703, undefined_column, is what the old
version gets for the column that went.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions, new_migration
from midair.model.change import AddColumn, DropColumn, Update
from midair.model.finding import Remedy, Risk


@rule("MA706", "expand-and-contract-together", Risk.MEDIUM, DropColumn)
def expand_and_contract_together(change: DropColumn, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    before = [each for act in context.earlier_on(change.table) for each in act.changes]
    added = {
        each.column.name for each in before if isinstance(each, AddColumn) and each.table == change.table
    }
    filled = [
        name
        for each in before
        if isinstance(each, Update) and each.table == change.table and change.column in each.mentions
        for name in each.sets
        if name in added
    ]
    if filled and change.column not in added:
        yield Concern(
            f"{filled[0]} takes the place of {change.table}.{change.column} in one migration: "
            "neither the old nor the new application runs on both sides of it",
            Remedy(
                f"drop {change.column} in a later migration, once no running application uses it; "
                "until then keep both in step",
                commands=(*new_migration(f"drop {change.table}.{change.column}"), *mentions(change.column)),
            ),
            table=change.table,
        )

"""Changing the column's type checks every row against the constraints on it again.

CHECK constraints that name the column are verified for the whole table under ACCESS EXCLUSIVE, even where
the type itself changes without a rewrite.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, code varchar(10), CONSTRAINT orders_code_check CHECK (code <> ''));
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN code TYPE text; -- finds MA146
```

## Prefer

```sql
ALTER TABLE orders DROP CONSTRAINT orders_code_check;
ALTER TABLE orders ALTER COLUMN code TYPE text;
ALTER TABLE orders ADD CONSTRAINT orders_code_check CHECK (code <> '') NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_code_check;
```

Source: safety-rules.md 3a; PostgreSQL 18, tablecmds.c, ATPostAlterTypeCleanup.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import validated_later
from midair.analysis.wording import listed
from midair.model.change import AlterColumnType, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA146", "column-type-recheck", Risk.HIGH, AlterColumnType, grows=True)
def column_type_recheck(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    effects = context.effects(change)
    if context.is_new(change.table) or effects.rewrites or effects.rebuilds:
        return  # column-type-rewrite and column-type-reindex speak of those
    table = context.table(change.table)
    if table is None or change.table not in effects.scans:
        return
    checks = [
        each
        for each in table.constraints
        if each.kind is ConstraintKind.CHECK and change.column in each.columns and each.valid
    ]
    if not checks:
        return
    yield Concern(
        f"{listed(each.name for each in checks)} is checked for every row of {change.table} again under ACCESS EXCLUSIVE",
        Remedy(
            "drop it, change the type, and bring it back as NOT VALID; validate it in a transaction of its own",
            (
                *(f"ALTER TABLE {change.table} DROP CONSTRAINT {each.name}" for each in checks),
                context.act.statement.sql,
                *(sql for each in checks for sql in validated_later(change.table, each.name, each.clause)),
            ),
        ),
        table=change.table,
    )

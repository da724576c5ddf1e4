"""A column whose default differs from row to row rewrites the table.

A constant default is stored once and costs nothing. A volatile one (`gen_random_uuid()`, `random()`,
`clock_timestamp()`, `nextval`) is computed for each row, and the table is copied with all its indexes
under ACCESS EXCLUSIVE.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid(); -- finds MA111
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
```

## Also fine

```sql
ALTER TABLE orders ADD COLUMN placed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';
```

## Fine when

Old rows may stay NULL, or are filled in batches afterwards; midair does so with `apply`.

Source: PostgreSQL manual, ALTER TABLE, Notes.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.columns import volatility
from midair.model.change import AddColumn, Volatility
from midair.model.finding import Remedy, Risk


@rule("MA111", "volatile-default-rewrite", Risk.HIGH, AddColumn, recipe="R9", grows=True)
def volatile_default_rewrite(change: AddColumn, context: Context) -> Iterator[Concern]:
    column = change.column
    if column.default is None or context.is_new(change.table) or not context.effects(change).rewrites:
        return
    kind = volatility(column.default, context.schema)
    if kind not in (Volatility.VOLATILE, Volatility.UNKNOWN) or column.serial or column.identity:
        return
    doubt = (
        ""
        if kind is Volatility.VOLATILE
        else f" (unless {' and '.join(column.default.functions)} is marked STABLE or IMMUTABLE)"
    )
    yield Concern(
        f"the default of {change.table}.{column.name} is computed for each row: {change.table} is rewritten under ACCESS EXCLUSIVE{doubt}",
        Remedy(
            "add the column without it, set the default for new rows, fill the old ones in batches",
            (
                f"ALTER TABLE {change.table} ADD COLUMN {column.name} {column.type}",
                f"ALTER TABLE {change.table} ALTER COLUMN {column.name} SET DEFAULT {column.default.sql}",
                f"UPDATE {change.table} SET {column.name} = {column.default.sql} WHERE {column.name} IS NULL  -- in batches",
            ),
        ),
        table=change.table,
    )

"""A required column without a default fails on a table that has rows.

And where it succeeds, the running application, which does not know the column, fails to insert.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ADD COLUMN state text NOT NULL; -- finds MA401; refused 23502
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';
```

Source: PostgreSQL manual, ALTER TABLE, "ADD COLUMN" (23502).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.columns import has_value
from midair.model.change import AddColumn
from midair.model.finding import Remedy, Risk

_FILLERS = {
    "text": "''", "varchar": "''", "citext": "''", "int2": "0", "int4": "0", "int8": "0", "numeric": "0",
    "float4": "0", "float8": "0", "bool": "false", "timestamptz": "now()", "timestamp": "now()",
    "date": "current_date", "json": "'{}'", "jsonb": "'{}'",
}  # fmt: skip
"""A value that every row may have, by the server's name of the type; none of them rewrites the table."""


@rule("MA401", "required-column-without-default", Risk.HIGH, AddColumn, recipe="R10")
def required_column_without_default(change: AddColumn, context: Context) -> Iterator[Concern]:
    if not change.column.not_null or has_value(change) or context.is_new(change.table):
        return
    table = context.table(change.table)
    if table is not None and table.empty:
        return
    name, kind = change.column.name, change.column.type
    filler = _FILLERS.get(kind.name)
    yield Concern(
        f"{change.table}.{name} is required and has no value for the rows {change.table} has, nor for those the running application inserts",
        Remedy(
            "give it a default that suits the old rows, and drop it when every version of the application writes the column"
            if filler
            else "add it without NOT NULL, fill the rows in batches, and require it then (MA104 shows how)",
            (
                f"ALTER TABLE {change.table} ADD COLUMN {name} {kind}"
                + (f" NOT NULL DEFAULT {filler}" if filler else ""),
            ),
        ),
        table=change.table,
    )

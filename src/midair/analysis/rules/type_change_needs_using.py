"""The server has no automatic cast for this change of type, and asks for USING.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, number text);
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN number TYPE integer; -- finds MA412; refused 42804
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN number_new integer;
```

Source: PostgreSQL manual, ALTER TABLE, "SET DATA TYPE" (42804).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.conversions import base_of
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk

_TEXTS = {"text", "varchar", "bpchar"}
_NUMBERS = {"int2", "int4", "int8", "numeric", "float4", "float8"}


@rule("MA412", "type-change-needs-using", Risk.HIGH, AlterColumnType)
def type_change_needs_using(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if column is None or change.using is not None or column.type.dimensions or change.type.dimensions:
        return
    old, new = base_of(column.type, context.schema)[0].name, base_of(change.type, context.schema)[0].name
    enum = context.schema.types.get(new)
    from_text = old in _TEXTS and (
        new in _NUMBERS
        or new in ("bool", "uuid", "json", "jsonb", "date", "timestamp", "timestamptz", "bytea", "interval")
    )
    if (
        from_text
        or ((old in _NUMBERS) != (new in _NUMBERS) and "bool" in (old, new))
        or (enum is not None and enum.kind == "enum" and old != new)
    ):
        sql = f"ALTER TABLE {change.table} ALTER COLUMN {change.column} TYPE {change.type} USING {change.column}::{change.type}"
        yield Concern(
            f"{column.type} does not become {change.type} by itself: the server refuses it (42804)",
            Remedy("say how, by USING", (sql,)),
        )

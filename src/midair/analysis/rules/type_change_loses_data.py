"""This change of type rounds or cuts values without an error.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, weight double precision, placed_at timestamptz);
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN weight TYPE integer; -- finds MA213
```

## Also flagged

```sql
ALTER TABLE orders ALTER COLUMN placed_at TYPE date; -- finds MA213
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN placed_on date;
```

Source: PostgreSQL manual, 10.4 "Value Storage"; measured.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import key_of, swapped
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk

_ROUNDED = {"float4", "float8", "numeric"}
_WHOLE = {"int2", "int4", "int8"}
_MOMENTS = {"timestamp", "timestamptz"}


@rule("MA213", "type-change-loses-data", Risk.HIGH, AlterColumnType)
def type_change_loses_data(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if column is None or context.is_new(change.table) or (change.using is not None and not change.plain_cast):
        return
    old, new = column.type, change.type
    rounds = (
        old.name in _ROUNDED
        and new.name in _WHOLE
        and not (old.name == "numeric" and len(old.modifiers) == 1)
    )
    rounds = (
        rounds
        or (old.name == "float8" and new.name == "float4")
        or _loses_scale(column.type.modifiers, change)
    )
    cuts = (old.name in _MOMENTS and new.name in ("date", "time")) or _loses_precision(
        old.name, old.modifiers, change
    )
    if rounds or cuts:
        yield Concern(
            f"{change.table}.{change.column}: {old} → {new} {'rounds' if rounds else 'cuts'} values, and nothing brings them back",
            Remedy(
                "write the new values to a new column, and keep the old one until they are checked",
                (
                    f"SELECT count(*) FROM {change.table} WHERE {change.column}::{new}::{old} IS DISTINCT FROM {change.column}",
                    *swapped(change.table, change.column, str(new), None, key_of(table)),
                ),
            ),
            table=change.table,
        )


def _loses_scale(old: tuple[int, ...], change: AlterColumnType) -> bool:
    return (
        change.type.name == "numeric"
        and len(old) == 2
        and bool(change.type.modifiers)
        and (*change.type.modifiers, 0)[1] < old[1]
    )


def _loses_precision(name: str, old: tuple[int, ...], change: AlterColumnType) -> bool:
    same = name == change.type.name and name in (*_MOMENTS, "time", "interval")
    return same and bool(change.type.modifiers) and change.type.modifiers[0] < (old[0] if old else 6)

"""The order of the columns wastes bytes in every row.

Values are aligned to the size of their type: a bigint after a smallint leaves six bytes empty. Wide ones
first, text last, and nothing is lost. The order cannot be changed later.

## Avoid

```sql
CREATE TABLE visits (paid boolean NOT NULL, id bigint PRIMARY KEY, small smallint NOT NULL, at timestamptz NOT NULL); -- finds MA827
```

## Prefer

```sql
CREATE TABLE visits (id bigint PRIMARY KEY, at timestamptz NOT NULL, small smallint NOT NULL, paid boolean NOT NULL);
```

Source: PostgreSQL manual, "Database Page Layout"; pg_type.typalign.
"""

from collections.abc import Iterator, Sequence

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import column_line
from midair.model.change import Column, CreateTable
from midair.model.finding import Remedy, Risk

_SIZES = {
    "bool": (1, 1), "int2": (2, 2), "int4": (4, 4), "float4": (4, 4), "date": (4, 4), "oid": (4, 4),
    "int8": (8, 8), "float8": (8, 8), "timestamp": (8, 8), "timestamptz": (8, 8), "time": (8, 8), "uuid": (16, 1),
}  # fmt: skip
"""Length and alignment of the types whose values have always the same length."""
_WASTE = 8
"""Bytes a row from which it is worth a word."""


@rule("MA827", "column-order-padding", Risk.LOW, CreateTable, default=False)
def column_order_padding(change: CreateTable, context: Context) -> Iterator[Concern]:
    fixed = [each for each in change.columns if each.type.name in _SIZES and not each.type.dimensions]
    others = [each for each in change.columns if each not in fixed]
    ordered = sorted(fixed, key=lambda each: -_SIZES[each.type.name][1]) + others
    waste = _padding(change.columns) - _padding(ordered)
    if waste >= _WASTE:
        lines = (column_line(context.act.statement.sql, each.name) for each in ordered)
        yield Concern(
            f"{change.table} leaves {waste} bytes of each row empty",
            Remedy("in this order nothing is lost", write=tuple(f"{each}," for each in lines if each)),
        )


def _padding(columns: Sequence[Column]) -> int:
    """Bytes between values, up to the first of a type whose length varies."""
    place = lost = 0
    for each in columns:
        if each.type.name not in _SIZES or each.type.dimensions:
            return lost
        length, align = _SIZES[each.type.name]
        gap = -place % align
        lost, place = lost + gap, place + gap + length
    return lost

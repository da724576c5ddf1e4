"""A changed or restarted sequence gives numbers that may be there already; inserts wait for it.

## Given

```sql
CREATE SEQUENCE order_numbers;
```

## Avoid

```sql
ALTER SEQUENCE order_numbers RESTART WITH 1; -- finds MA313
```

## Also flagged

```sql
SELECT setval('order_numbers', 1); -- finds MA313
```

## Prefer

```sql
CREATE SEQUENCE basket_numbers;
```

## Also fine

```sql
SELECT setval('order_numbers', 1 + (SELECT coalesce(max(oid::int), 0) FROM pg_class));
```

Source: PostgreSQL manual, ALTER SEQUENCE; measured (SHARE ROW EXCLUSIVE on the sequence).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, quoted
from midair.analysis.wording import listed
from midair.model.change import ChangeSequence, Query
from midair.model.finding import Remedy, Risk


@rule("MA313", "sequence-changed", Risk.MEDIUM, ChangeSequence, Query)
def sequence_changed(change: ChangeSequence | Query, context: Context) -> Iterator[Concern]:
    if isinstance(change, ChangeSequence):
        if not context.is_new(change.name) and change.restarts:
            yield Concern(
                f"{change.name} may give numbers that are in use",
                Remedy("set it to the highest number in use, or above", (_highest(change.name, context),)),
            )
        elif not context.is_new(change.name) and change.owned_by is None:
            yield Concern(
                f"inserts that need a number of {change.name} wait for this",
                Remedy("run it with a lock_timeout", (BRIEFLY, context.act.statement.sql)),
                risk=Risk.LOW,
            )
    elif {"setval", "max"} <= set(change.functions) and change.reads:
        return  # set to the highest number in use
    elif "setval" in change.functions and not all(context.is_new(each) for each in change.sequences):
        seeded = any(
            context.is_new(owner)
            for each in change.sequences
            if (owner := context.schema.sequences.get(each))
        )
        if not seeded:
            risk = Risk.LOW if change.reads else None  # computed from the table's highest number
            yield Concern(
                f"{listed(change.sequences) if change.sequences else 'a sequence'} may give numbers that are in use",
                Remedy(
                    "set it to the highest number in use, or above",
                    tuple(_highest(each, context) for each in change.sequences),
                ),
                risk=risk,
            )


def _highest(sequence: str, context: Context) -> str:
    """Of the column that owns it where that is known, else what the sequence itself gave last."""
    owner = context.table(context.schema.sequences.get(sequence) or "")
    for column in owner.columns if owner else ():
        if column.sequence == sequence and owner:
            return f"SELECT setval({quoted(sequence)}, (SELECT coalesce(max({column.name}), 1) FROM {owner.name}))"
    return f"SELECT setval({quoted(sequence)}, (SELECT last_value FROM {sequence}))"

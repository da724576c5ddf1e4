"""Changing a column's type copies the table, unless the server knows that the bytes stay the same.

The copy is made under ACCESS EXCLUSIVE with every index. Free are for instance varchar(50) → varchar(100),
varchar → text, numeric(10,2) → numeric(14,2); integer → bigint is not.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer, note varchar(50));
INSERT INTO orders SELECT g, g, 'n' FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint; -- finds MA118
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN quantity_new bigint;
```

## Also fine

```sql
ALTER TABLE orders ALTER COLUMN note TYPE varchar(100);
ALTER TABLE orders ALTER COLUMN note TYPE text;
```

## Fine when

midair applies it online: a new column is kept in step by a trigger, filled in batches and swapped.

Source: PostgreSQL manual, ALTER TABLE, Notes; the table of pairs is measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import ONLINE, key_of, swapped
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk


@rule("MA118", "column-type-rewrite", Risk.HIGH, AlterColumnType, recipe="R13", grows=True)
def column_type_rewrite(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    effects = context.effects(change)
    if context.is_new(change.table) or not effects.rewrites:
        return
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if column is None:
        yield Concern(
            f"{change.table}.{change.column} becomes {change.type}; its old type is not known here, and most changes rewrite the table under ACCESS EXCLUSIVE",
            Remedy(
                "let `check` see the table's columns, in a database or in the migrations that made it",
                _swapped(change, context),
                commands=("midair check --against $DATABASE_URL",),
            ),
            risk=Risk.MEDIUM if _mostly_widens(change) else None,
            table=change.table,
        )
        return
    copying = [
        each
        for each in context.same_statement(AlterColumnType)
        if isinstance(each, AlterColumnType) and context.effects(each).rewrites
    ]
    if copying[0] is not change:
        return  # one statement copies the table once, whatever the number of columns
    reason = (
        "the USING expression"
        if change.using is not None and not change.plain_cast
        else f"{change.column}: {column.type} → {change.type}"
    )
    if len(copying) > 1:
        reason += f" (and {len(copying) - 1} more)"
    yield Concern(
        f"{reason} rewrites {change.table} and all its indexes under ACCESS EXCLUSIVE: reads and writes wait",
        Remedy(
            "add a new column, keep it in step by a trigger, fill it in batches, then swap the names in one transaction; midair does so online",
            _swapped(change, context),
            commands=ONLINE,
        ),
        table=change.table,
    )


def _swapped(change: AlterColumnType, context: Context) -> tuple[str, ...]:
    key = key_of(context.table(change.table))
    return swapped(change.table, change.column, str(change.type), change.using, key)


def _mostly_widens(change: AlterColumnType) -> bool:
    """Types that a column is nearly always widened to, which is free; of the others, most ways lead through a rewrite."""
    kind = change.type
    if change.using is not None or kind.dimensions:
        return False
    unlimited = kind.name in ("text", "varchar") and not kind.modifiers
    return unlimited or kind.name in ("inet", "oid", "interval", "time", "varbit")

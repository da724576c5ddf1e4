"""Rows inserted after this backfill stay empty: nothing fills them yet.

A default (or a trigger, or an application that writes the column) must come before the backfill.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
INSERT INTO orders SELECT g FROM generate_series(1, 100) g;
```

## Avoid

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'new' WHERE state IS NULL; -- finds MA605
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'new';
```

## Prefer

```sql
-- outside a transaction
ALTER TABLE orders ADD COLUMN state text;
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'new';
```

Source: expand-contract: measured, writes of the old application in between stay NULL.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateTrigger, SetDefault, Update
from midair.model.finding import Remedy, Risk


@rule("MA605", "backfill-before-guard", Risk.HIGH, Update)
def backfill_before_guard(change: Update, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if context.is_new(change.table) or context.atomic or table is None:
        return
    if any(kind == "trigger" for kind, _ in table.parts):
        return
    for name in change.sets:
        column = table.column(name)
        later = [each for act in context.later_on(change.table) for each in act.changes]
        guards = any(
            isinstance(each, SetDefault) and each.table == change.table and each.column == name
            for each in later
        )
        guards = guards or any(
            isinstance(each, CreateTrigger) and each.table == change.table for each in later
        )
        if (
            context.column_is_new(change.table, name)
            and column is not None
            and column.default is None
            and guards
        ):
            yield Concern(
                f"rows inserted into {change.table} between this and what fills {name} later stay NULL",
                Remedy(
                    "set the default, or make the trigger, before the backfill",
                    (*_guards(change, name, context), context.act.statement.sql),
                ),
                table=change.table,
            )


def _guards(change: Update, column: str, context: Context) -> tuple[str, ...]:
    return tuple(
        act.statement.sql
        for act in context.later_on(change.table)
        if any(
            (isinstance(each, SetDefault) and each.column == column) or isinstance(each, CreateTrigger)
            for each in act.changes
        )
    )

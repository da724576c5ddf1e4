"""Dropping a column loses its data, and breaks the running application that still names it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
```

## Avoid

```sql
ALTER TABLE orders DROP COLUMN note; -- finds MA201
```

## Prefer

```sql
ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;
```

## Fine when

No running version of the application reads or writes it any more. Deploy that version first, drop in
a later migration; midair holds the drop back until `midair contract`.

Source: measured (safety-rules.md, R16); the space is not given back.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import HELD_BACK, key_of
from midair.model.change import DropColumn
from midair.model.finding import Remedy, Risk


@rule("MA201", "column-drop", Risk.HIGH, DropColumn, recipe="R16")
def column_drop(change: DropColumn, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or context.column_is_new(change.table, change.column):
        return
    if (
        change.if_exists
        and (found := context.table(change.table))
        and found.known
        and found.column(change.column) is None
    ):
        return
    yield Concern(
        f"{change.table}.{change.column} and all its values are lost, and every query that names it fails from then on",
        Remedy(
            "deploy an application that ignores the column first; let midair hold the drop back until `midair contract`",
            _optional(change, context),
            commands=HELD_BACK,
        ),
        table=change.table,
    )


def _optional(change: DropColumn, context: Context) -> tuple[str, ...]:
    """What lets the new application leave the column out before it goes."""
    table = context.table(change.table)
    column = table.column(change.column) if table else None
    if column is None or not column.not_null or column.default is not None or column.identity:
        return ()
    if table is not None and change.column in key_of(table):
        return ()
    return (f"ALTER TABLE {change.table} ALTER COLUMN {change.column} DROP NOT NULL",)

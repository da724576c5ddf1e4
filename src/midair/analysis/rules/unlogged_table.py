"""An unlogged table is emptied after a crash, and never reaches a replica.

## Avoid

```sql
CREATE UNLOGGED TABLE sessions (id bigint PRIMARY KEY); -- finds MA211
```

## Prefer

```sql
CREATE TABLE sessions (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, CREATE TABLE, "UNLOGGED".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import logged
from midair.model.change import ChangeTable, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA211", "unlogged-table", Risk.MEDIUM, CreateTable, ChangeTable)
def unlogged_table(change: CreateTable | ChangeTable, context: Context) -> Iterator[Concern]:
    unlogged = (
        change.persistence == "unlogged"
        if isinstance(change, CreateTable)
        else change.action == "set un logged"
    )
    if unlogged:
        yield Concern(
            f"{change.table} is emptied after a crash and is not replicated",
            Remedy(
                "use an ordinary table, unless its rows may be lost",
                ((logged(context.act.statement.sql) or f"ALTER TABLE {change.table} SET LOGGED"),),
            ),
        )

"""A disabled trigger silently skips what it guards: audits, dual writes, foreign keys.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders DISABLE TRIGGER ALL; -- finds MA210
```

## Also flagged

```sql
SET session_replication_role = replica; -- finds MA210
```

## Prefer

```sql
ALTER TABLE orders ENABLE TRIGGER ALL;
```

## Also fine

```sql
ALTER TABLE orders DISABLE TRIGGER ALL;
UPDATE orders SET id = id + 1 WHERE id = 5;
ALTER TABLE orders ENABLE TRIGGER ALL;
```

Source: PostgreSQL manual, ALTER TABLE, "DISABLE TRIGGER".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import ChangeTable, SetSetting
from midair.model.finding import Remedy, Risk


@rule("MA210", "trigger-disabled", Risk.MEDIUM, ChangeTable, SetSetting)
def trigger_disabled(change: ChangeTable | SetSetting, context: Context) -> Iterator[Concern]:
    if isinstance(change, SetSetting):
        if change.name == "session_replication_role" and change.value not in (None, "origin"):
            yield Concern(
                "ordinary triggers and foreign keys do not fire in this session",
                Remedy("leave session_replication_role alone", ("RESET session_replication_role",)),
            )
        return
    if change.action.startswith("disable trig") and not context.is_new(change.table):
        if _enabled_again(change, context):
            return
        yield Concern(
            f"triggers of {change.table} do not fire until somebody enables them again",
            Remedy(
                "enable them in the same transaction, and keep it short",
                (
                    context.act.statement.sql,
                    f"ALTER TABLE {change.table} ENABLE TRIGGER {_which(change)}",
                ),
            ),
            table=change.table,
        )


def _enabled_again(change: ChangeTable, context: Context) -> bool:
    """In the same transaction: nobody else ever sees them disabled."""
    return any(
        isinstance(each, ChangeTable)
        and each.table == change.table
        and each.action.startswith("enable trig")
        and each.subject in (change.subject, None)
        for act in context.later_on(change.table)
        if context.atomic and act.transaction == context.act.transaction
        for each in act.changes
    )


def _which(change: ChangeTable) -> str:
    if change.subject:
        return change.subject
    return "USER" if change.action.endswith("user") else "ALL"

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


def _which(change: ChangeTable) -> str:
    if change.subject:
        return change.subject
    return "USER" if change.action.endswith("user") else "ALL"

"""This changes the server, a database or a role, not the schema: others are affected.

## Avoid

```sql
ALTER ROLE postgres SET lock_timeout = '2s'; -- finds MA517
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
```

Source: PostgreSQL manual, ALTER SYSTEM, ALTER DATABASE, ALTER ROLE.
"""

import shlex
from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import ChangeServer
from midair.model.finding import Remedy, Risk

_WIDE = frozenset(
    (
        "alter system",
        "alter database set",
        "alter database",
        "alter role set",
        "alter role",
        "drop owned",
        "reassign owned",
    )
)


@rule("MA517", "server-setting-changed", Risk.MEDIUM, ChangeServer)
def server_setting_changed(change: ChangeServer, context: Context) -> Iterator[Concern]:
    if change.action in _WIDE:
        yield Concern(
            f"{change.action.upper()} reaches beyond this schema",
            Remedy(
                "keep it out of migrations; whoever runs the server types it once",
                commands=(f"psql -c {shlex.quote(context.act.statement.sql)}",),
            ),
        )

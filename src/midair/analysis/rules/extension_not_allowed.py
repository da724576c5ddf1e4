"""An extension needs rights, and is missing on some managed servers.

Off by default; turn it on where a person must agree first.

## Avoid

```sql
CREATE EXTENSION citext; -- finds MA518
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, CREATE EXTENSION.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import ChangeServer
from midair.model.finding import Remedy, Risk


@rule("MA518", "extension-not-allowed", Risk.LOW, ChangeServer, default=False)
def extension_not_allowed(change: ChangeServer, context: Context) -> Iterator[Concern]:
    if change.action in ("create extension", "create plang"):
        yield Concern(
            f"the server must offer {change.subject or 'it'}, and our user may create it",
            Remedy(
                "ask whoever runs the servers; this says what our user may create",
                (
                    f"SELECT version, superuser, trusted FROM pg_available_extension_versions WHERE name = {quoted(change.subject or '')}",
                ),
            ),
        )

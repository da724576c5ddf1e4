"""A changed replica identity or publication can stop updates, or their replication.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
ALTER TABLE orders REPLICA IDENTITY NOTHING; -- finds MA316
```

## Prefer

```sql
ALTER TABLE orders SET (fillfactor = 90);
```

Source: PostgreSQL manual, 29.1 "Publication" (55000).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.model.change import ChangeServer, ChangeTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA316", "replication-setting-changed", Risk.MEDIUM, ChangeTable, ChangeServer)
def replication_setting_changed(change: ChangeTable | ChangeServer, context: Context) -> Iterator[Concern]:
    if isinstance(change, ChangeTable):
        if change.action == "replica identity" and not context.is_new(change.table):
            yield Concern(
                f"subscribers see updates of {change.table} differently, or updates fail",
                Remedy(
                    "look at the publications that hold the table",
                    (
                        f"SELECT pubname FROM pg_publication_tables WHERE tablename = {quoted(bare_name(change.table))}",
                    ),
                ),
            )
    elif change.action == "publication":
        yield Concern(
            f"the publication {change.subject} sends something else from now on",
            Remedy(
                "prepare the subscribers first; these read from this server",
                ("SELECT slot_name, active FROM pg_replication_slots WHERE slot_type = 'logical'",),
            ),
        )

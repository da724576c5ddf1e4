"""A right taken away, or another owner, shuts the running application out.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
REVOKE SELECT ON orders FROM PUBLIC; -- finds MA315
```

## Prefer

```sql
GRANT SELECT ON orders TO PUBLIC;
```

Source: PostgreSQL manual, REVOKE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import quoted
from midair.analysis.wording import listed
from midair.model.change import ChangeServer, ChangeTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA315", "privilege-revoked", Risk.MEDIUM, ChangeServer, ChangeTable)
def privilege_revoked(change: ChangeServer | ChangeTable, context: Context) -> Iterator[Concern]:
    if isinstance(change, ChangeServer):
        used = [each for each in change.relations if not context.is_new(each)]
        if change.action == "revoke" and (used or not change.relations):
            yield Concern(
                f"who relied on the right to {listed(used) if used else 'it'} fails from then on",
                Remedy(
                    "make sure the application's user keeps what it needs",
                    tuple(
                        f"SELECT grantee, privilege_type FROM information_schema.table_privileges WHERE table_name = {quoted(bare_name(each))}"
                        for each in used
                    ),
                    commands=() if used else ("midair check --against $DATABASE_URL",),
                ),
            )
    elif change.action == "change owner" and not context.is_new(change.table):
        yield Concern(
            f"{change.table} has another owner: rights that came with owning it are gone",
            Remedy(
                "grant them in the same transaction; here to the user that runs the migration",
                (
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {change.table} TO SESSION_USER",
                    context.act.statement.sql,
                ),
            ),
        )

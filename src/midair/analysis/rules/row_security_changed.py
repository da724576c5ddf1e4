"""Row security hides rows from the running application.

Enabled without a policy it hides all of them from everybody but the owner.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, owner text);
```

## Avoid

```sql
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; -- finds MA314
```

## Prefer

```sql
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
```

Source: PostgreSQL manual, 5.9 "Row Security Policies".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named, quoted
from midair.model.change import ChangePart, ChangeTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA314", "row-security-changed", Risk.MEDIUM, ChangeTable, ChangePart)
def row_security_changed(change: ChangeTable | ChangePart, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table):
        return
    if isinstance(change, ChangeTable):
        if change.action in ("enable row security", "force row security"):
            table = context.table(change.table)
            bare = table is not None and table.known and not any(kind == "policy" for kind, _ in table.parts)
            also = "; there is no policy yet, so that is every row" if bare else ""
            yield Concern(
                f"rows of {change.table} vanish for users no policy admits{also}",
                Remedy(
                    "create the policies first, in the same transaction; this one admits everybody",
                    (
                        f"CREATE POLICY {named(change.table, 'all')} ON {change.table} USING (true) WITH CHECK (true)",
                        context.act.statement.sql,
                    ),
                ),
            )
    elif change.kind == "policy" and change.verb in ("create", "alter"):
        yield Concern(
            f"the policy {change.name} changes which rows of {change.table} are seen, at once",
            Remedy(
                "try it as the application's user; these are in force",
                (
                    f"SELECT policyname, cmd, roles, qual FROM pg_policies WHERE tablename = {quoted(bare_name(change.table))}",
                ),
            ),
            risk=Risk.LOW,
        )

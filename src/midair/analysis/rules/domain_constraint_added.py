"""A new constraint on a domain reads every table that uses it, while their writes wait.

VALIDATE does so too: there is no gentle form for domains.

## Given

```sql
CREATE DOMAIN amount AS integer;
CREATE TABLE orders (id bigint PRIMARY KEY, price amount);
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (VALUE > 0); -- finds MA129
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_price_check CHECK (price > 0) NOT VALID;
```

Source: measured on 15 and 18 (SHARE on every such table).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY, named, validated_later
from midair.analysis.wording import listed
from midair.dialects.postgresql.reworded import domain_check
from midair.model.change import ChangeDomain
from midair.model.finding import Remedy, Risk


@rule("MA129", "domain-constraint-added", Risk.HIGH, ChangeDomain, grows=True)
def domain_constraint_added(change: ChangeDomain, context: Context) -> Iterator[Concern]:
    if change.verb not in ("add constraint", "validate", "set not null"):
        return
    users = sorted(context.effects(change).scans)
    if not users and context.schema.complete:
        return
    where = listed(users) if users else f"every table that uses {change.name}"
    yield Concern(
        f"{where} is read while its writes wait",
        Remedy(
            "put a check that is not valid on each column of it instead, and validate that later",
            _checks(change, context),
        ),
        table=users[0] if users else None,
    )


def _checks(change: ChangeDomain, context: Context) -> tuple[str, ...]:
    sql = context.act.statement.sql
    found: list[str] = []
    for table in context.schema.tables.values():
        for column in table.columns if table.kind in ("table", "partitioned") else ():
            if column.type.name != change.name:
                continue
            condition = (
                f"{column.name} IS NOT NULL"
                if change.verb == "set not null"
                else domain_check(sql, column.name)
            )
            if condition:
                name = named(table.name, column.name, "check")
                found += validated_later(table.name, name, f"CHECK ({condition})")
    return tuple(found) or (BRIEFLY, sql)  # no table is known, or VALIDATE, which has no gentler form

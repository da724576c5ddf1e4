"""A rewrite rule changes queries in ways that surprise; a trigger says what it does.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
CREATE RULE keep AS ON DELETE TO orders DO INSTEAD NOTHING; -- finds MA817
```

## Prefer

```sql
CREATE TABLE kept_orders (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, 39.7 "Rules Versus Triggers".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import ChangePart
from midair.model.finding import Remedy, Risk


@rule("MA817", "rule-created", Risk.LOW, ChangePart)
def rule_created(change: ChangePart, context: Context) -> Iterator[Concern]:
    if change.kind == "rule" and change.verb == "create":
        yield Concern(f"{change.name} rewrites queries on {change.table}", Remedy("use a trigger"))

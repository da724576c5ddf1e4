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
from midair.dialects.postgresql.reworded import ignored_event
from midair.model.change import ChangePart
from midair.model.finding import Remedy, Risk


@rule("MA817", "rule-created", Risk.LOW, ChangePart)
def rule_created(change: ChangePart, context: Context) -> Iterator[Concern]:
    if change.kind == "rule" and change.verb == "create":
        yield Concern(
            f"{change.name} rewrites queries on {change.table}",
            _remedy(change, context),
        )


def _remedy(change: ChangePart, context: Context) -> Remedy:
    """A rule that does nothing instead is a trigger that lets no row through; what others do a person must say."""
    event = ignored_event(context.act.statement.sql)
    if event is None:
        return Remedy("use a trigger that does for each row what the rule does for the query")
    name, table = change.name, change.table
    return Remedy(
        "use a trigger",
        (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ),
    )

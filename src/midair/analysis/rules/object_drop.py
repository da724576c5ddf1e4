"""Dropping a view, type, function, sequence, extension, policy or trigger breaks whoever uses it.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE VIEW open_orders AS SELECT id FROM orders;
```

## Avoid

```sql
DROP VIEW open_orders; -- finds MA208
```

## Prefer

```sql
CREATE OR REPLACE VIEW open_orders AS SELECT id, 'open' AS state FROM orders;
```

## Also fine

```sql
DROP VIEW open_orders;
CREATE VIEW open_orders AS SELECT id AS number FROM orders;
```

## Fine when

The same migration makes it anew, or nothing uses it.

Source: PostgreSQL manual, the DROP commands.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import (
    ChangePart,
    CreateFunction,
    CreateSequence,
    CreateTrigger,
    CreateType,
    CreateView,
    DropObject,
)
from midair.model.finding import Remedy, Risk


@rule("MA208", "object-drop", Risk.MEDIUM, DropObject, ChangePart)
def object_drop(change: DropObject | ChangePart, context: Context) -> Iterator[Concern]:
    if isinstance(change, ChangePart):
        if change.verb != "drop" or change.kind not in ("policy", "trigger") or context.is_new(change.table):
            return
        if change.if_exists and not context.effects(change).locks:
            return
        name, kind = change.name, change.kind
    else:
        name, kind = change.name, change.kind
        if kind not in (
            "view",
            "materialized view",
            "type",
            "domain",
            "function",
            "sequence",
            "extension",
        ) or context.is_new(name):
            return
        if kind in ("view", "materialized view", "sequence") and context.schema.exists(name) is False:
            return
    if _comes_back(name, context):
        return
    harm = _LOST.get(kind, "what uses it fails from then on")
    yield Concern(
        f"{kind} {name} goes; {harm}",
        Remedy("make sure no running version of the application needs it"),
    )


_LOST = {
    "trigger": "what it did to rows as they changed is not done any more",
    "policy": "which rows can be seen and changed is decided without it from then on",
}


def _comes_back(name: str, context: Context) -> bool:
    made = (each for act in context.later for each in act.changes)
    return any(
        name in (getattr(each, "view", None), getattr(each, "name", None))
        for each in made
        if isinstance(
            each, CreateView | CreateFunction | CreateType | CreateSequence | CreateTrigger | ChangePart
        )
        and not (isinstance(each, ChangePart) and each.verb == "drop")
    )

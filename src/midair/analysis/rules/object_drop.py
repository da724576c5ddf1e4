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
from midair.analysis.safe_sql import dependants, mentions, named, quoted
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
from midair.model.schema import bare_name


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
        Remedy(
            "take it out of use first, in a way that can be taken back, and drop it a release later",
            _out_of_use(kind, name, change.table if isinstance(change, ChangePart) else ""),
            commands=mentions(name),
        ),
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


def _out_of_use(kind: str, name: str, table: str) -> tuple[str, ...]:
    match kind:
        case "trigger":
            return (f"ALTER TABLE {table} DISABLE TRIGGER {name}",)
        case "policy":
            return (
                f"SELECT policyname, cmd, roles, qual FROM pg_policies WHERE tablename = {quoted(bare_name(table))}",
            )
        case "extension":
            text = quoted(name)
            return (
                "SELECT DISTINCT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass "
                f"AND refobjid = (SELECT oid FROM pg_extension WHERE extname = {text})",
            )
        case "type" | "domain":
            return (dependants(name, "regtype"),)
        case "function":
            return (f"ALTER ROUTINE {name} RENAME TO {named(name, 'dropped')}",)
        case _:
            return (f"ALTER {kind.upper()} {name} RENAME TO {named(name, 'dropped')}",)

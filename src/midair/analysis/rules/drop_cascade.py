"""CASCADE drops what nobody named: views, keys of other tables, columns of a type.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE VIEW open_orders AS SELECT id FROM orders;
```

## Avoid

```sql
DROP TABLE orders CASCADE; -- finds MA203
```

## Prefer

```sql
DROP VIEW open_orders;
```

Source: PostgreSQL manual, 5.15 "Dependency Tracking".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import dependants, freed
from midair.analysis.wording import listed
from midair.dialects.postgresql.reworded import without_cascade
from midair.model.change import ChangeDomain, DropColumn, DropConstraint, DropIndex, DropObject, DropTable
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk


@rule(
    "MA203",
    "drop-cascade",
    Risk.HIGH,
    DropTable,
    DropColumn,
    DropConstraint,
    DropObject,
    DropIndex,
    ChangeDomain,
)
def drop_cascade(
    change: DropTable | DropColumn | DropConstraint | DropObject | DropIndex | ChangeDomain, context: Context
) -> Iterator[Concern]:
    if isinstance(change, ChangeDomain):
        cascade, name = change.verb.endswith("cascade"), change.name
    else:
        cascade = change.cascade
        name = (
            change.index
            if isinstance(change, DropIndex)
            else change.name
            if isinstance(change, DropObject | DropConstraint)
            else change.table
        )
    table = name if isinstance(change, DropObject | DropIndex | ChangeDomain) else change.table
    if not cascade or context.is_new(table):
        return
    own = {table, *context.schema.children(table), *_pointed_to(table, context)}
    others = sorted(
        each
        for each, level in context.effects(change).locks
        if level is LockLevel.ACCESS_EXCLUSIVE and each not in own and each in context.schema.tables
    )
    if context.schema.complete and not others:
        return  # everything that could hang on it is known, and nothing does
    also = f": {listed(others)}" if others else ""
    yield Concern(
        f"CASCADE takes along whatever depends on {name}{also}",
        Remedy(
            "drop what depends on it by name, so that a reader sees it",
            _by_name(change, name, others, context),
        ),
        # Only foreign keys of other tables can hang on a constraint: no row is lost.
        risk=Risk.MEDIUM if isinstance(change, DropConstraint) else None,
    )


def _pointed_to(table: str, context: Context) -> set[str]:
    """Tables that its own foreign keys point to, and that do not point back: they are locked, and lose nothing."""
    found = context.table(table)
    back = {other.name for other, _ in context.schema.referencing(table)}
    return {each.references for each in found.constraints if each.references} - back if found else set[str]()


def _by_name(change: object, name: str, others: list[str], context: Context) -> tuple[str, ...]:
    """The drops that CASCADE would have done where they are known; else the question that lists them."""
    alone = without_cascade(context.act.statement.sql) or context.act.statement.sql
    if isinstance(change, DropTable) and (found := freed(name, context.schema)):
        return (*found, alone)
    views = [each for each in others if context.is_view(each)]
    if views and len(views) == len(others):
        return (*(f"DROP VIEW {each}" for each in views), alone)
    kind = "regtype" if isinstance(change, ChangeDomain) else "regclass"
    if isinstance(change, DropObject):
        kind = _KINDS.get(change.kind, "")
    asked = (dependants(name, kind),) if kind and not isinstance(change, DropConstraint) else ()
    return (*asked, alone)


_KINDS = {
    "view": "regclass",
    "materialized view": "regclass",
    "sequence": "regclass",
    "type": "regtype",
    "domain": "regtype",
    "schema": "regnamespace",
}

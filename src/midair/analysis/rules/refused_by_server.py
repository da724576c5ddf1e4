"""The server refuses this, as far as the schema is known.

Something still depends on what is dropped, a table is referenced by another, or a form does not exist
for this kind of object.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
```

## Avoid

```sql
DROP TABLE customers; -- finds MA416; refused 2BP01
```

## Prefer

```sql
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;
```

Source: PostgreSQL manual, appendix A "Error Codes".
"""

from collections.abc import Iterator
from difflib import get_close_matches

from midair.analysis.context import Act, Context, needed_and_missing
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import dependants, freed, mentions
from midair.model.change import AddConstraint, AlterColumnType, CreateIndex, CreateView, DropIndex, DropTable
from midair.model.finding import Remedy, Risk

_WHY = {
    "2BP01": "something else depends on it",
    "0A000": "the form does not exist for this kind of object",
    "55000": "an object is not in the state this needs",
    "42809": "the object is of another kind",
    "42P16": "the table's definition does not allow it",
    "42P01": "there is no such table",
    "42704": "there is no such object",
}


@rule("MA416", "refused-by-server", Risk.HIGH, Act)
def refused_by_server(act: Act, context: Context) -> Iterator[Concern]:
    code = act.effects.refused
    special = any(
        isinstance(each, AlterColumnType | CreateView)
        or (isinstance(each, AddConstraint) and each.constraint.using_index)
        or (isinstance(each, DropIndex | CreateIndex) and each.concurrently)
        for each in act.changes
    )
    if code is None and (name := needed_and_missing(act)):
        yield Concern(
            f"there is no relation {name}: the server refuses this (42P01)",
            _misspelt(name, act),
        )
    if code is None or special or code == "42601" or not context.schema.complete:
        return
    yield Concern(
        f"the server refuses this: {_WHY.get(code, 'it is not allowed here')} ({code})",
        _cleared(act, context),
    )


def _misspelt(name: str, act: Act) -> Remedy:
    """The name that was probably meant; else where the name is used."""
    near = get_close_matches(name, act.schema.tables, n=1)
    if near:
        return Remedy(f"look at the spelling: is {near[0]} meant?", commands=mentions(name))
    return Remedy("look at the spelling, and at which migration was to make it", commands=mentions(name))


def _cleared(act: Act, context: Context) -> Remedy:
    text = "change what stands in the way first"
    for each in act.changes:
        if isinstance(each, DropTable):
            return Remedy(text, (*freed(each.table, context.schema), act.statement.sql))
    names = [name for name, _ in act.effects.locks if name in context.schema.tables]
    return Remedy(text, tuple(dependants(each) for each in names[:1]), commands=("midair rehearse",))

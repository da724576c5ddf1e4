"""This form of DROP INDEX CONCURRENTLY is refused.

It drops one index, without CASCADE, that is neither of a partitioned table nor behind a constraint.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, a integer, b integer);
CREATE INDEX orders_a ON orders (a);
CREATE INDEX orders_b ON orders (b);
```

## Avoid

```sql
DROP INDEX CONCURRENTLY orders_a, orders_b; -- finds MA405; refused 0A000
```

## Also flagged

```sql
DROP INDEX CONCURRENTLY orders_pkey; -- finds MA405; refused 2BP01
```

## Prefer

```sql
DROP INDEX CONCURRENTLY orders_a;
-- next migration
DROP INDEX CONCURRENTLY orders_b;
```

Source: PostgreSQL manual, DROP INDEX (0A000, 2BP01).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import DropIndex
from midair.model.finding import Remedy, Risk


@rule("MA405", "index-drop-concurrently-invalid-form", Risk.HIGH, DropIndex, recipe="R2")
def index_drop_concurrently_invalid_form(change: DropIndex, context: Context) -> Iterator[Concern]:
    if not change.concurrently or context.act.changes[0] is not change:
        return
    if change.together > 1 or change.cascade:
        names = [each.index for each in context.act.changes if isinstance(each, DropIndex)]
        yield Concern(
            "the server drops one index at a time concurrently, without CASCADE (0A000)",
            Remedy(
                "one statement an index",
                tuple(f"DROP INDEX CONCURRENTLY {each}" for each in names),
                certain=not change.cascade,
            ),
        )
    elif context.effects(change).refused == "2BP01":
        table = context.schema.table_of_index(change.index)
        index = table.index(change.index) if table else None
        yield Concern(
            f"{change.index} belongs to a constraint: the server refuses to drop it (2BP01)",
            Remedy(
                "drop the constraint",
                (f"ALTER TABLE {table.name} DROP CONSTRAINT {index.constraint}",) if table and index else (),
            ),
        )
    elif context.effects(change).refused:
        yield Concern(
            f"{change.index} is on a partitioned table: the server refuses CONCURRENTLY (0A000)",
            Remedy("drop it plainly, with a lock_timeout"),
        )

"""The index cannot back this constraint: it is invalid, partial, over expressions, or not in default order.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
CREATE UNIQUE INDEX customers_email_lower ON customers (lower(email));
```

## Avoid

```sql
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_lower; -- finds MA406; refused 42809
```

## Prefer

```sql
CREATE UNIQUE INDEX CONCURRENTLY customers_email ON customers (email);
-- next migration
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email;
```

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint_using_index" (42809, 55000).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named
from midair.model.change import AddConstraint
from midair.model.finding import Remedy, Risk


@rule("MA406", "constraint-using-unfit-index", Risk.HIGH, AddConstraint)
def constraint_using_unfit_index(change: AddConstraint, context: Context) -> Iterator[Concern]:
    refused = context.effects(change).refused
    if change.constraint.using_index and refused in ("42809", "55000", "0A000"):
        yield Concern(
            f"{change.constraint.using_index} cannot back a constraint: the server refuses it ({refused})",
            Remedy(
                "a valid unique index over plain columns in default order, not of a partitioned table; or leave it a unique index",
                _fit(change, context),
            ),
        )


def _fit(change: AddConstraint, context: Context) -> tuple[str, ...]:
    """An index that can back it, and the constraint on that; on a partitioned table a constraint of its own."""
    table, key = context.table(change.table), change.constraint
    index = table.index(key.using_index or "") if table else None
    kind = key.kind.upper()
    if table is None or index is None:
        return ()
    columns = ", ".join(index.columns or sorted(index.mentions))
    if table.kind == "partitioned":
        return (f"ALTER TABLE {table.name} ADD CONSTRAINT {key.name} {kind} ({columns})",)
    fit = named(key.name, "fit")
    return (
        f"CREATE UNIQUE INDEX CONCURRENTLY {fit} ON {table.name} ({columns})",
        f"ALTER TABLE {table.name} ADD CONSTRAINT {key.name} {kind} USING INDEX {fit}",
    )

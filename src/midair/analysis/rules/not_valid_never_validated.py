"""A NOT VALID constraint that no migration validates.

New rows are checked, old ones never; the planner does not rely on it, and a restore may fail.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID; -- finds MA516
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0) NOT VALID;
-- next migration
ALTER TABLE orders VALIDATE CONSTRAINT orders_quantity_check;
```

Source: PostgreSQL manual, ALTER TABLE, "VALIDATE CONSTRAINT".
"""

from collections.abc import Iterator

from midair.analysis.context import Line
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint
from midair.model.finding import Remedy, Risk


@rule("MA516", "not-valid-never-validated", Risk.LOW, Line)
def not_valid_never_validated(line: Line, version: int | None) -> Iterator[Concern]:
    if not line.stories:
        return
    end = line.stories[-1].after
    for story in line.stories:
        for act in story.acts:
            for change in act.changes:
                if (
                    not isinstance(change, AddConstraint)
                    or change.constraint.valid
                    or not change.constraint.enforced
                ):
                    continue
                table = end.tables.get(change.table)
                left = table.constraint(change.constraint.name) if table else None
                if left is not None and not left.valid:
                    name = change.constraint.name
                    yield Concern(
                        f"no migration validates {name} on {change.table}",
                        Remedy(
                            "add a migration that does",
                            (f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {name}",),
                        ),
                        span=act.statement.span,
                        revision=story.candidate.migration.revision,
                        sql=act.statement.sql,
                    )

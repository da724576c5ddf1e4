"""Adding a UNIQUE constraint builds its index while nobody can use the table.

The index is built under ACCESS EXCLUSIVE. Built concurrently beforehand it can be adopted in an
instant.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email); -- finds MA107
```

## Prefer

```sql
CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON customers (email);
-- next migration
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;
```

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint_using_index"; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA107", "unique-constraint-builds-index", Risk.HIGH, AddConstraint, recipe="R7", grows=True)
def unique_constraint_builds_index(change: AddConstraint, context: Context) -> Iterator[Concern]:
    key = change.constraint
    if (
        key.kind is not ConstraintKind.UNIQUE
        or key.using_index
        or context.is_new(change.table)
        or not context.effects(change).scans
    ):
        return
    yield Concern(
        f"adding {key.name} builds its index under ACCESS EXCLUSIVE on {change.table}: reads and writes wait",
        Remedy(
            "build the index concurrently, then adopt it",
            (
                f"CREATE UNIQUE INDEX CONCURRENTLY {key.name} ON {change.table} ({', '.join(key.columns)})",
                f"ALTER TABLE {change.table} ADD CONSTRAINT {key.name} UNIQUE USING INDEX {key.name}",
            ),
            f'with op.get_context().autocommit_block():\n    op.create_index("{key.name}", "{change.table}", {list(key.columns)}, unique=True, '
            f'postgresql_concurrently=True)\nop.execute("ALTER TABLE {change.table} ADD CONSTRAINT {key.name} UNIQUE USING INDEX {key.name}")',
        ),
        table=change.table,
    )

"""Adding a PRIMARY KEY builds its index while nobody can use the table.

The index is built under ACCESS EXCLUSIVE, and nullable columns are read once more for SET NOT NULL.

## Given

```sql
CREATE TABLE notes (id bigint NOT NULL, body text);
INSERT INTO notes SELECT g, 'n' FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE notes ADD CONSTRAINT notes_pkey PRIMARY KEY (id); -- finds MA108
```

## Prefer

```sql
CREATE UNIQUE INDEX CONCURRENTLY notes_pkey ON notes (id);
-- next migration
ALTER TABLE notes ADD CONSTRAINT notes_pkey PRIMARY KEY USING INDEX notes_pkey;
```

## Fine when

The columns are NOT NULL already, or proved so by a validated check; otherwise begin with that.

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint_using_index".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA108", "primary-key-builds-index", Risk.HIGH, AddConstraint, recipe="R8", grows=True)
def primary_key_builds_index(change: AddConstraint, context: Context) -> Iterator[Concern]:
    key = change.constraint
    if (
        key.kind is not ConstraintKind.PRIMARY_KEY
        or key.using_index
        or context.is_new(change.table)
        or not context.effects(change).scans
    ):
        return
    yield Concern(
        f"adding {key.name} builds its index under ACCESS EXCLUSIVE on {change.table}: reads and writes wait",
        Remedy(
            "build the index concurrently, then adopt it; the columns must be NOT NULL before",
            (
                f"CREATE UNIQUE INDEX CONCURRENTLY {key.name} ON {change.table} ({', '.join(key.columns)})",
                f"ALTER TABLE {change.table} ADD CONSTRAINT {key.name} PRIMARY KEY USING INDEX {key.name}",
            ),
        ),
        table=change.table,
    )

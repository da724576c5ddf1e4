"""An exclusion constraint on an existing table builds its index while nobody can use the table.

The server offers neither NOT VALID nor USING INDEX for it, so there is no gentler form.

## Given

```sql
CREATE TABLE bookings (id bigint PRIMARY KEY, during tstzrange);
INSERT INTO bookings SELECT g, NULL FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE bookings ADD CONSTRAINT bookings_apart EXCLUDE USING gist (during WITH &&); -- finds MA110
```

## Prefer

```sql
CREATE TABLE bookings_new (id bigint PRIMARY KEY, during tstzrange, CONSTRAINT bookings_apart EXCLUDE USING gist (during WITH &&));
```

## Fine when

The table is small, or a maintenance window is open. Otherwise fill a new table that has it, and swap.

Source: PostgreSQL manual, CREATE TABLE, "EXCLUDE".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named
from midair.dialects.postgresql.changes.names import names_in
from midair.dialects.postgresql.compose import on_table
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA110", "exclusion-constraint", Risk.HIGH, AddConstraint, grows=True)
def exclusion_constraint(change: AddConstraint, context: Context) -> Iterator[Concern]:
    if (
        change.constraint.kind is not ConstraintKind.EXCLUDE
        or context.is_new(change.table)
        or not context.effects(change).scans
    ):
        return
    fresh = beside(change.table, named(change.table, "new"))
    there = on_table(context.act.statement.sql, names_in(fresh))
    yield Concern(
        f"adding {change.constraint.name} builds its index under ACCESS EXCLUSIVE on {change.table}; no gentler form exists",
        Remedy(
            "give it to a new table that takes this one's place, or plan a window",
            (
                f"CREATE TABLE {fresh} (LIKE {change.table} INCLUDING ALL)",
                *((there,) if there else ()),
            ),
        ),
        table=change.table,
    )

"""A table of a type changes only when the type does, and then together with every other table of it.

## Given

```sql
CREATE TYPE place AS (id bigint, name text);
```

## Avoid

```sql
CREATE TABLE towns OF place (PRIMARY KEY (id)); -- finds MA830
```

## Prefer

```sql
CREATE TABLE towns (id bigint PRIMARY KEY, name text);
```

Source: PostgreSQL manual, CREATE TABLE, "OF type_name"; ALTER TYPE, CASCADE.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA830", "typed-table", Risk.LOW, CreateTable, default=False)
def typed_table(change: CreateTable, context: Context) -> Iterator[Concern]:
    if change.of_type is not None:
        yield Concern(
            f"the columns of {change.table} are those of the type {change.of_type}, and cannot be changed alone",
            Remedy(
                "write the columns out, or take the type off as soon as the table is there",
                (context.act.statement.sql, f"ALTER TABLE {change.table} NOT OF"),
            ),
        )

"""A table without a key: replication cannot name its rows, and nothing can walk it in batches.

## Avoid

```sql
CREATE TABLE visits (at timestamptz); -- finds MA805
```

## Prefer

```sql
CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz);
```

## Fine when

It is a partition, or gets its key later in the same migration.

Source: PostgreSQL manual, 29.1 "Publication".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA805", "primary-key-missing", Risk.LOW, CreateTable)
def primary_key_missing(change: CreateTable, context: Context) -> Iterator[Concern]:
    if (
        change.persistence == "temporary"
        or change.partition_of
        or change.inherits
        or change.like
        or change.reads is not None
        or change.of_type
    ):
        return
    end = context.act.schema
    for act in (context.act, *context.later_on(change.table)):
        for each in act.changes:
            end = end.after(each) if getattr(each, "table", None) == change.table else end
    table = end.tables.get(change.table)
    if (
        table is not None
        and table.primary_key is None
        and not (change.if_not_exists and context.schema.exists(change.table))
    ):
        yield Concern(f"{change.table} has no primary key", Remedy("give it one"))

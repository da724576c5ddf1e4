"""A table the migration touches has an invalid index: every write pays for it, and no query uses it.

A concurrent build that was cut off leaves one behind; so does an index `ON ONLY` a partitioned table
whose partitions were never attached.

## Given

```sql
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX events_id ON ONLY events (id);
```

## Avoid

```sql
ALTER TABLE events ADD COLUMN note text; -- finds MA519
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY events_1_id ON events_1 (id);
ALTER INDEX events_id ATTACH PARTITION events_1_id;
```

## Fine when

The index is being built at this moment.

Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently"; pg_index.indisvalid.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named
from midair.model.change import ChangeIndex, DropIndex, Index, Reindex
from midair.model.finding import Remedy, Risk
from midair.model.schema import Table


@rule("MA519", "invalid-index-present", Risk.MEDIUM, Act, recipe="R1")
def invalid_index_present(act: Act, context: Context) -> Iterator[Concern]:
    if any(isinstance(each, ChangeIndex | DropIndex | Reindex) for each in act.changes):
        return  # it may be what mends it
    for name, _ in act.effects.locks:
        table = context.table(name)
        if table is None or any(True for _ in context.earlier_on(name)):
            continue
        for index in table.indexes:
            if not index.valid and index.name not in context.new_tables:
                yield Concern(
                    f"{index.name} on {name} is invalid: writes keep it up, and no query uses it",
                    _remedy(table, index, context),
                    table=name,
                )


def _remedy(table: Table, index: Index, context: Context) -> Remedy:
    if table.kind != "partitioned":
        return Remedy("drop it, or build it again", (f"REINDEX INDEX CONCURRENTLY {index.name}",))
    columns, parts = ", ".join(index.columns), context.schema.children(table.name)
    built = {
        part: next((each.name for each in found.indexes if each.columns == index.columns), None)
        for part in parts
        if (found := context.table(part))
    }
    lacking = [part for part, name in built.items() if name is None]
    return Remedy(
        "build what the partitions lack, and attach an index of each to it",
        (
            *(
                f"CREATE INDEX CONCURRENTLY {named(each, index.name)} ON {each} ({columns})"
                for each in lacking
            ),
            *(
                f"ALTER INDEX {index.name} ATTACH PARTITION {name or named(part, index.name)}"
                for part, name in built.items()
            ),
        ),
    )

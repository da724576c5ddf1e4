"""The rows of an heir are rows of its parent too, but the parent's keys and foreign keys do not hold for them.

## Given

```sql
CREATE TABLE places (id bigint PRIMARY KEY, name text);
```

## Avoid

```sql
CREATE TABLE towns (mayor text) INHERITS (places); -- finds MA829
```

## Prefer

```sql
CREATE TABLE towns (place_id bigint PRIMARY KEY REFERENCES places (id), mayor text);
```

## Fine when

It divides a table by hand on a server that had no partitions; new tables are partitioned with PARTITION BY.

Source: PostgreSQL manual, 5.11.1 "Caveats" of "Inheritance".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import key_of, named
from midair.analysis.wording import listed
from midair.model.change import CreateTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA829", "table-inheritance", Risk.LOW, CreateTable, default=False)
def table_inheritance(change: CreateTable, context: Context) -> Iterator[Concern]:
    if not change.inherits:
        return
    parent = context.table(change.inherits[0])
    key = [each for name in key_of(parent) if parent and (each := parent.column(name))]
    yield Concern(
        f"{change.table} inherits from {listed(change.inherits)}, whose keys do not hold for its rows",
        Remedy(
            "point to the parent with a foreign key, or divide it with PARTITION BY",
            write=tuple(
                f"{named(bare_name(change.inherits[0]), each.name)} {each.type} NOT NULL REFERENCES {change.inherits[0]} ({each.name})"
                for each in key
            )
            or (f"REFERENCES {change.inherits[0]}",),
        ),
    )

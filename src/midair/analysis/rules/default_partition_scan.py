"""A new partition beside a default partition reads the default one, locked against everybody.

The server must see that none of its rows belongs to the newcomer. A validated check on the default
partition that rules the new bounds out spares the look.

## Given

```sql
CREATE TABLE logs (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_default PARTITION OF logs DEFAULT;
INSERT INTO logs SELECT g, '2024-02-03' FROM generate_series(1, 100) g;
```

## Avoid

```sql
CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); -- finds MA135
```

## Prefer

```sql
ALTER TABLE logs_default ADD CONSTRAINT not_2026 CHECK (at < '2026-01-01' OR at >= '2027-01-01') NOT VALID;
-- next migration
ALTER TABLE logs_default VALIDATE CONSTRAINT not_2026;
```

Source: PostgreSQL manual, CREATE TABLE, "PARTITION OF"; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named, validated_later
from midair.model.change import AttachPartition, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA135", "default-partition-scan", Risk.HIGH, AttachPartition, CreateTable, recipe="R22", grows=True)
def default_partition_scan(change: AttachPartition | CreateTable, context: Context) -> Iterator[Concern]:
    for name in sorted(context.effects(change).scans):
        found = context.table(name)
        if found is not None and found.is_default and not context.is_new(name):
            yield Concern(
                f"the default partition {name} is read under ACCESS EXCLUSIVE: inserts through the parent wait",
                Remedy(
                    "give the default partition a validated check that rules the new bounds out",
                    _ruled_out(change, name, context),
                ),
                table=name,
            )


def _ruled_out(change: AttachPartition | CreateTable, default: str, context: Context) -> tuple[str, ...]:
    parent = context.table(change.partition_of or "" if isinstance(change, CreateTable) else change.table)
    if parent is None or not parent.partition_key or not change.bounds:
        return ()
    key = parent.partition_key[0]
    part = change.table if isinstance(change, CreateTable) else change.partition
    inside = " AND ".join((f"{key} IS NOT NULL", *(f"{key} {each}" for each in change.bounds)))
    return validated_later(default, named(default, "not", part), f"CHECK (NOT ({inside}))")

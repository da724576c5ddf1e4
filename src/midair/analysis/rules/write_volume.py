"""One statement writes more than the disk and the replicas may be ready for.

A rewrite needs room for a second copy of the table and its indexes, an index build for the index; all of
it also goes through the write-ahead log, to every replica and archive, in one go.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz, quantity integer, state text);
CREATE TABLE states (id bigint PRIMARY KEY, state text);
-- catalog orders 41000000 rows 12000000000 bytes
-- catalog states 9 rows 8192 bytes
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint; -- finds MA609
UPDATE orders SET state = 'new'; -- finds MA609
-- next migration
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at); -- finds MA609
```

## Also fine

```sql
ALTER TABLE states ALTER COLUMN id TYPE integer;
ALTER TABLE orders ADD COLUMN note text;
UPDATE orders SET state = 'new' WHERE id = 1;
```

Source: safety-rules.md 5.6; PostgreSQL manual, "WAL Configuration".
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.effects.rows import is_bounded
from midair.model.change import CreateIndex, Delete, Insert, Reindex, Update
from midair.model.finding import Remedy, Risk
from midair.model.schema import Table

_INDEX_SHARE = 5
"""An index is taken for a fifth of its table, which most are."""
_GIB = 1024**3


@rule("MA609", "write-volume", Risk.LOW, Act, recipe="R18")
def write_volume(act: Act, context: Context) -> Iterator[Concern]:
    written = {table.name: amount for table, amount in _written(act, context)}
    total = sum(written.values())
    if total < context.options.large_bytes:
        return
    largest = max(written, key=lambda each: written[each])
    yield Concern(
        f"it writes about {total / _GIB:.1f} GB for {largest}, and as much again to the write-ahead log",
        Remedy(
            "see that disk, replicas and archive have the room, and do it when they have the time; these are behind now",
            (
                "SELECT pg_size_pretty(pg_database_size(current_database()))",
                "SELECT application_name, state, pg_wal_lsn_diff(sent_lsn, replay_lsn) AS behind FROM pg_stat_replication",
            ),
        ),
        table=largest,
    )


def _written(act: Act, context: Context) -> Iterator[tuple[Table, int]]:
    """Tables and the bytes written for each: copied whole, indexed, or all of its rows changed."""
    seen: set[str] = set()
    for name in sorted(act.effects.rewrites | act.effects.rebuilds):
        table = context.table(name)
        if table is not None and table.bytes and not context.is_new(name):
            seen.add(name)
            yield table, table.bytes if name in act.effects.rewrites else table.bytes // _INDEX_SHARE
    for each in act.changes:
        match each:
            case CreateIndex(table=name) | Reindex(name=str(name)):
                table, share = context.table(name), _INDEX_SHARE
            case Update(table=name, limited=False) | Delete(table=name, limited=False):
                table, share = context.table(name), 1
                if is_bounded(table, each.narrowed):
                    continue
            case Insert(rows=None, reads=(name, *_)):
                table, share = context.table(name), 1
            case _:
                continue
        if table is not None and table.bytes and table.name not in seen and not context.is_new(table.name):
            seen.add(table.name)
            yield table, table.bytes // share

"""CONCURRENTLY is refused where a transaction is open.

Also in a DO block, in a function, and in a file that is sent as one string.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

## Avoid

```sql
-- one transaction
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at); -- finds MA402; refused 25001
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at);
```

## Fine when

midair applies it: it runs the statement outside a transaction by itself. Other tools need their switch.

Source: PostgreSQL manual, CREATE INDEX (25001).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.change import Block, CreateIndex, DetachPartition, DropIndex, Reindex
from midair.model.finding import Remedy, Risk


@rule(
    "MA402",
    "concurrently-in-transaction",
    Risk.HIGH,
    CreateIndex,
    DropIndex,
    Reindex,
    DetachPartition,
    recipe="R1",
)
def concurrently_in_transaction(
    change: CreateIndex | DropIndex | Reindex | DetachPartition, context: Context
) -> Iterator[Concern]:
    if not change.concurrently:
        return
    in_block = any(isinstance(each, Block) for each in context.act.changes)
    if context.atomic or in_block:
        where = "a DO block" if in_block else "a transaction"
        yield Concern(
            f"the server refuses CONCURRENTLY inside {where} (25001)",
            Remedy(
                "run it outside: Alembic autocommit_block, Django atomic = False, Flyway executeInTransaction=false, Liquibase runInTransaction=false",
                _alone(change, context),
                commands=new_migration("one concurrent statement"),
            ),
        )


def _alone(change: CreateIndex | DropIndex | Reindex | DetachPartition, context: Context) -> tuple[str, ...]:
    """The statement as it stands by itself, out of the DO block too."""
    match change:
        case CreateIndex(safe_sql=sql) if sql:
            return (sql,)
        case DropIndex(index=name):
            return (f"DROP INDEX CONCURRENTLY {name}",)
        case Reindex(kind=kind, name=name) if name:
            return (f"REINDEX {kind.upper()} CONCURRENTLY {name}",)
        case DetachPartition(table=table, partition=part):
            return (f"ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY",)
        case _:
            return (context.act.statement.sql,)

"""Building an index in the ordinary way stops every write to its table.

PostgreSQL holds a SHARE lock until the last row is indexed; inserts, updates and deletes queue up
behind it. Reads go on.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);
```

## Avoid

```sql
CREATE INDEX orders_placed_at ON orders (placed_at); -- finds MA101
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at);
```

## Also fine

```sql
CREATE TABLE baskets (id bigint PRIMARY KEY, placed_at timestamptz);
CREATE INDEX baskets_placed_at ON baskets (placed_at);
```

## Fine when

The same migration created the table: nobody uses it yet. CONCURRENTLY must run outside a
transaction; midair does that by itself, other tools need their switch for it (Alembic:
`autocommit_block`, Flyway: `executeInTransaction=false`).

Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import said
from midair.model.change import CreateIndex
from midair.model.effects import LockLevel
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA101", "index-without-concurrently", Risk.HIGH, CreateIndex, recipe="R1", grows=True)
def index_without_concurrently(change: CreateIndex, context: Context) -> Iterator[Concern]:
    table = context.table(change.table)
    if (
        change.concurrently
        or context.is_new(change.table)
        or (table is not None and table.kind == "partitioned")
    ):
        return
    if table is not None and table.index(change.index.name) is not None and change.if_not_exists:
        return
    unique = "unique=True, " if change.index.unique else ""
    columns = ", ".join(f'"{each}"' for each in change.index.columns)
    yield Concern(
        f"building {change.index.name} holds {said(LockLevel.SHARE, change.table)} until it is complete",
        Remedy(
            "build it concurrently, outside a transaction",
            (change.safe_sql,) if change.safe_sql else (),
            f'with op.get_context().autocommit_block():\n    op.create_index("{bare_name(change.index.name)}", "{change.table}", [{columns}], '
            f"{unique}postgresql_concurrently=True)",
            certain=bool(change.safe_sql) and change.named,
        ),
        table=change.table,
    )

"""A hash index serves equality on one column, and nothing else.

It cannot be unique, has one column, and orders nothing; a btree does all of that at about the same cost.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
```

## Avoid

```sql
CREATE INDEX CONCURRENTLY customers_email ON customers USING hash (email); -- finds MA823
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY customers_email ON customers (email);
```

Source: PostgreSQL manual, "Index Types", Hash.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex
from midair.model.finding import Remedy, Risk


@rule("MA823", "hash-index", Risk.LOW, CreateIndex, default=False)
def hash_index(change: CreateIndex, context: Context) -> Iterator[Concern]:
    if change.index.method == "hash":
        columns = ", ".join(change.index.columns)
        again = "" if context.is_new(change.table) else "CONCURRENTLY "
        yield Concern(
            f"{change.index.name} finds equal values only, and cannot be unique",
            Remedy(
                "use a btree",
                (f"CREATE INDEX {again}{change.index.name} ON {change.table} ({columns})",)
                if columns
                else (),
            ),
        )

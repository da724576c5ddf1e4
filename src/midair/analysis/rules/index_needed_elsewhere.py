"""The dropped index still serves a foreign key or ON CONFLICT.

Deletes in the other table read this one afterwards, and upserts fail (42P10).

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id), number text);
CREATE INDEX orders_customer_id ON orders (customer_id);
CREATE UNIQUE INDEX orders_number ON orders (number);
```

## Avoid

```sql
DROP INDEX CONCURRENTLY orders_customer_id; -- finds MA319
```

## Also flagged

```sql
DROP INDEX CONCURRENTLY orders_number; -- finds MA319
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_customer_id_number ON orders (customer_id, number);
```

Source: PostgreSQL manual, 5.5.5 "Foreign Keys" and INSERT, "ON CONFLICT".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import mentions, named, quoted
from midair.analysis.wording import listed
from midair.model.change import ConstraintKind, CreateIndex, DropIndex
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA319", "index-needed-elsewhere", Risk.MEDIUM, DropIndex)
def index_needed_elsewhere(change: DropIndex, context: Context) -> Iterator[Concern]:
    table = context.schema.table_of_index(change.index)
    index = table.index(change.index) if table else None
    if table is None or index is None or context.is_new(table.name) or context.effects(change).refused:
        return
    rest = [each for each in table.indexes if each is not index] + [
        each.index
        for act in context.later_on(table.name)
        for each in act.changes
        if isinstance(each, CreateIndex) and each.table == table.name
    ]
    for key in table.constraints:
        columns = set(key.columns)
        served = key.kind is ConstraintKind.FOREIGN_KEY and set(index.columns[: len(columns)]) == columns
        if served and not any(set(each.columns[: len(columns)]) == columns for each in rest):
            yield Concern(
                f"{change.index} is the only index for {key.name}: deletes in {key.references} read all of {table.name} afterwards",
                Remedy(
                    "keep it, or build another that begins with the same columns first",
                    (
                        f"CREATE INDEX CONCURRENTLY {named(table.name, *key.columns, 'fk')} ON {table.name} ({', '.join(key.columns)})",
                        context.act.statement.sql,
                    ),
                ),
                table=table.name,
            )
            return
    if index.unique and not any(each.unique and set(each.columns) == set(index.columns) for each in rest):
        yield Concern(
            f"{change.index} is what keeps {listed(index.columns) if index.columns else 'its values'} unique; ON CONFLICT on it fails afterwards",
            Remedy(
                "make sure nothing relies on it: how often queries used it, and what names its columns",
                (
                    f"SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = {quoted(bare_name(index.name))}",
                ),
                commands=mentions(*index.columns),
            ),
            table=table.name,
        )

"""The table has more columns than a row of it should carry.

Each update writes the whole row again, and most queries read a few columns of it.

## Avoid

```sql
CREATE TABLE t (id bigint PRIMARY KEY, c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int, c12 int, c13 int, c14 int, c15 int, c16 int, c17 int, c18 int, c19 int, c20 int, c21 int, c22 int, c23 int, c24 int, c25 int, c26 int, c27 int, c28 int, c29 int, c30 int, c31 int, c32 int, c33 int, c34 int, c35 int, c36 int, c37 int, c38 int, c39 int, c40 int, c41 int, c42 int, c43 int, c44 int, c45 int, c46 int, c47 int, c48 int, c49 int, c50 int); -- finds MA826
```

## Also fine

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, email text, name text);
```

Source: safety-rules.md 5.8.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import key_of, named
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside

_MANY = 50


@rule("MA826", "wide-table", Risk.LOW, CreateTable, AddColumn, default=False)
def wide_table(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    before = context.table(change.table)
    count = (
        len(change.columns) if isinstance(change, CreateTable) else len(before.columns) + 1 if before else 0
    )
    if count <= _MANY:
        return
    made = context.schema
    for each in context.act.changes:
        made = made.after(each)
    table = made.tables.get(change.table)
    key = key_of(table)
    types = {each.name: str(each.type) for each in table.columns} if table else {}
    columns = ", ".join(f"{each} {types[each]}" for each in key if each in types)
    more = beside(change.table, named(change.table, "details"))
    keys = ", ".join(key)
    yield Concern(
        f"{change.table} has {count} columns",
        Remedy(
            "keep what is read together in a table of its own, one row to a row",
            (
                f"CREATE TABLE {more} ({columns}, PRIMARY KEY ({keys}), FOREIGN KEY ({keys}) REFERENCES {change.table})",
            )
            if columns
            else (),
        ),
    )

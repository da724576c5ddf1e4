"""char(n) pads with blanks, money depends on the server's locale, timetz means no moment.

## Avoid

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, code char(3)); -- finds MA809
```

## Prefer

```sql
CREATE TABLE customers (id bigint PRIMARY KEY, code text);
```

Source: PostgreSQL manual, 8.2, 8.3 and 8.5.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import retyped
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk

_INSTEAD = {"bpchar": "text", "money": "numeric", "timetz": "timestamptz"}


@rule("MA809", "avoid-type", Risk.LOW, CreateTable, AddColumn)
def avoid_type(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    for column in change.columns if isinstance(change, CreateTable) else (change.column,):
        if column.type.name in _INSTEAD:
            yield Concern(
                f"{change.table}.{column.name} is {column.type}",
                retyped(
                    f"use {_INSTEAD[column.type.name]}",
                    change,
                    (column,),
                    _INSTEAD[column.type.name],
                    context,
                ),
            )

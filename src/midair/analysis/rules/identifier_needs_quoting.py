"""A name that needs quotes must be quoted by everybody, for ever.

## Avoid

```sql
CREATE TABLE "Orders" (id bigint PRIMARY KEY); -- finds MA807
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

Source: PostgreSQL manual, 4.1.1 "Identifiers and Key Words".
"""

import re
from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.dialects.postgresql.changes.names import identifier
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA807", "identifier-needs-quoting", Risk.LOW, CreateTable, AddColumn, default=False)
def identifier_needs_quoting(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    names = [each.name for each in columns if each.name.startswith('"')]
    names += [change.table] if isinstance(change, CreateTable) and '"' in change.table else []
    if names:
        yield Concern(
            f"{listed(names)} must be quoted everywhere",
            Remedy(
                "use lower-case letters, digits and underscores",
                write=tuple(f"{_plain(each)}    (not {each})" for each in names),
            ),
        )


def _plain(name: str) -> str:
    """`"OrderLines"` → `order_lines`; a reserved word gets an underscore behind it."""
    bare = bare_name(name).strip('"')
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", bare).strip("_").lower()
    return words if identifier(words) == words else f"{words}_"

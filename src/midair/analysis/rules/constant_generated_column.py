"""A generated column that reads no other column is the same in every row.

## Avoid

```sql
CREATE TABLE notes (id bigint PRIMARY KEY, version integer GENERATED ALWAYS AS (1) STORED); -- finds MA831
```

## Prefer

```sql
CREATE TABLE notes (id bigint PRIMARY KEY, version integer NOT NULL DEFAULT 1);
```

Source: PostgreSQL manual, 5.4 "Generated Columns".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import in_place
from midair.analysis.wording import listed
from midair.model.change import AddColumn, CreateTable
from midair.model.finding import Risk


@rule("MA831", "constant-generated-column", Risk.LOW, CreateTable, AddColumn, default=False)
def constant_generated_column(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    same = [each for each in columns if each.generated and not each.generated_from]
    if same:
        yield Concern(
            f"{listed([each.name for each in same])} of {change.table} is computed from no other column",
            in_place(
                "a plain column, with a default where one is meant",
                change,
                *(f"{each.name} {each.type}" for each in same),
            ),
        )

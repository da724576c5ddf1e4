"""CREATE OR REPLACE VIEW cannot drop, rename or retype a column of the view.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE VIEW notes AS SELECT id, note FROM orders;
```

## Avoid

```sql
CREATE OR REPLACE VIEW notes AS SELECT note FROM orders; -- finds MA415; refused 42P16
```

## Prefer

```sql
CREATE OR REPLACE VIEW notes AS SELECT id, note, 1 AS extra FROM orders;
```

Source: PostgreSQL manual, CREATE VIEW (42P16).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.reworded import created_view
from midair.model.change import CreateView
from midair.model.finding import Remedy, Risk


@rule("MA415", "view-replace-incompatible", Risk.HIGH, CreateView)
def view_replace_incompatible(change: CreateView, context: Context) -> Iterator[Concern]:
    if context.effects(change).refused == "42P16":
        yield Concern(
            f"{change.view} would lose or rename a column: the server refuses it (42P16)",
            Remedy(
                "drop the view and create it again, in one transaction",
                (
                    f"DROP VIEW {change.view}",
                    *((made,) if (made := created_view(context.act.statement.sql)) else ()),
                ),
            ),
        )

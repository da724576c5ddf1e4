"""A column that chooses the class of a row gets a value that the running application has no class for.

Rails takes a column `type` for the name of the class to load (single-table inheritance). With a default, every row that
is there has that name at once, and the running application raises `SubclassNotFound` for each row it reads.

## Given

```sql
CREATE TABLE payments (id bigint PRIMARY KEY, amount numeric NOT NULL);
```

## Avoid

```sql
ALTER TABLE payments ADD COLUMN type text NOT NULL DEFAULT 'CardPayment'; -- finds MA324
```

## Prefer

```sql
ALTER TABLE payments ADD COLUMN type text;
```

## Fine when

The application is not one of Rails, or has `self.inheritance_column = nil` deployed already. Rails projects turn
this rule on; the others never need it.

Source: Rails, ActiveRecord::Inheritance.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import AddColumn
from midair.model.finding import Remedy, Risk


@rule("MA324", "inheritance-column", Risk.MEDIUM, AddColumn, default=False)
def inheritance_column(change: AddColumn, context: Context) -> Iterator[Concern]:
    column = change.column
    if column.name != "type" or context.is_new(change.table):
        return
    if column.default is not None and not column.default.null:
        yield Concern(
            f"every row of {change.table} is of the class {column.default.sql} at once, which the running application may not have",
            Remedy(
                "add the column without a default; fill it once the application that has the classes runs",
                (f"ALTER TABLE {change.table} ADD COLUMN {column.name} {column.type}",),
            ),
            table=change.table,
        )

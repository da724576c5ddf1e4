"""Creating a table with a foreign key stops writes to the table it points to.

Until the transaction ends. The new table is empty, but the other one gets triggers.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
```

## Avoid

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id)); -- finds MA127
```

## Prefer

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
```

## Also flagged

```sql
CREATE TABLE baskets (id bigint PRIMARY KEY, customer_id bigint);
ALTER TABLE baskets ADD FOREIGN KEY (customer_id) REFERENCES customers (id); -- finds MA127
```

## Fine when

The transaction is short and has a lock_timeout: it is one moment for the writers of the other table.

Source: measured on 15 and 18 (SHARE ROW EXCLUSIVE on the referenced table).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import BRIEFLY
from midair.analysis.wording import listed
from midair.dialects.postgresql.reworded import without_keys
from midair.model.change import AddConstraint, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA127", "references-lock-parent", Risk.LOW, CreateTable, AddConstraint, recipe="R4")
def references_lock_parent(change: CreateTable | AddConstraint, context: Context) -> Iterator[Concern]:
    if isinstance(change, CreateTable):
        keys = change.constraints
    else:
        keys = (change.constraint,) if context.is_new(change.table) else ()
    others = sorted(
        {
            each.references
            for each in keys
            if each.references and each.references != change.table and not context.is_new(each.references)
        }
    )
    if others and not (isinstance(change, CreateTable) and change.persistence == "temporary"):
        risk = Risk.MEDIUM if len(others) > 1 else None
        yield Concern(
            f"the foreign key of {change.table} stops writes to {listed(others)} until the transaction ends",
            Remedy(
                "add each key by itself at the end, in a transaction that is over at once",
                (
                    *((bare,) if (bare := without_keys(context.act.statement.sql)) else ()),
                    BRIEFLY,
                    *(
                        f"ALTER TABLE {change.table} ADD CONSTRAINT {each.name} {each.clause}"
                        for each in keys
                        if each.references in others
                    ),
                ),
            ),
            risk=risk,
        )

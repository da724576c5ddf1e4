"""SET NOT NULL and the drop of its proof in one statement reads the table.

The server drops first. As two statements of one transaction, SET NOT NULL first, it does not.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, CONSTRAINT customer_nn CHECK (customer_id IS NOT NULL));
INSERT INTO orders SELECT g, g FROM generate_series(1, 100) g;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL, DROP CONSTRAINT customer_nn; -- finds MA123
```

## Prefer

```sql
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT customer_nn;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import DropConstraint, SetNotNull
from midair.model.finding import Remedy, Risk


@rule("MA123", "not-null-proof-dropped", Risk.HIGH, SetNotNull, grows=True)
def not_null_proof_dropped(change: SetNotNull, context: Context) -> Iterator[Concern]:
    if context.is_new(change.table) or context.effects(change).scans or not context.act.effects.scans:
        return
    table = context.table(change.table)
    gone = [each.name for each in context.same_statement(DropConstraint) if isinstance(each, DropConstraint)]
    proofs = (
        [each.name for each in table.constraints if change.column in each.proves_not_null] if table else []
    )
    dropped = [each for each in proofs if each in gone]
    if dropped:
        yield Concern(
            f"{dropped[0]} proves {change.column}, and this statement drops it first: all of {change.table} is read under ACCESS EXCLUSIVE",
            Remedy(
                "two statements, SET NOT NULL first",
                (
                    f"ALTER TABLE {change.table} ALTER COLUMN {change.column} SET NOT NULL",
                    f"ALTER TABLE {change.table} DROP CONSTRAINT {dropped[0]}",
                ),
            ),
            table=change.table,
        )

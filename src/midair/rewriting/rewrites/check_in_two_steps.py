"""A check is added at once, and proved afterwards while work goes on.

ADD CHECK reads the whole table while nobody can use it. With NOT VALID every new row is checked from
then on and no old one is read; VALIDATE reads those under a lock that no read or write waits for.

## As written

```sql
ALTER TABLE orders ADD CONSTRAINT orders_total_positive CHECK (total > 0);
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE orders ADD CONSTRAINT orders_total_positive CHECK (total > 0) NOT VALID` | ACCESS EXCLUSIVE, milliseconds |
| expand | `ALTER TABLE orders VALIDATE CONSTRAINT orders_total_positive`, in a transaction of its own | SHARE UPDATE EXCLUSIVE, as long as it reads |

Both are transactional: their record commits with them. Undo: `DROP CONSTRAINT`.

## Why it is right

The first step's lock means that no writer is under way: who writes later is checked. VALIDATE checks
every row that was there. A row that breaks the check stops VALIDATE; new rows are safe meanwhile, and
`midair resume` goes on once the row is mended.

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint [NOT VALID]" and "VALIDATE CONSTRAINT".
"""

from midair.dialects.postgresql import compose
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.motion.naming import with_free_name
from midair.model.schema import bare_name
from midair.model.statement import Sql
from midair.rewriting.names import raw
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("check-in-two-steps", AddConstraint, answers=("MA106", "MA114"))
def check_in_two_steps(change: AddConstraint, case: Case) -> Answer:
    made = change.constraint
    if made.kind is not ConstraintKind.CHECK or not made.valid or not case.is_long:
        return None
    constraint, _ = with_free_name(case.scene.schema, change.table, made, None)
    name = constraint.name
    first = compose.constraint_not_valid(case.sql, raw(bare_name(name)))
    if first is None:
        return Declined("its definition cannot be written in another form")
    return (
        Piece(
            first,
            why="checks new rows from here on",
            undo=(Sql(f"ALTER TABLE {change.table} DROP CONSTRAINT IF EXISTS {name}"),),
        ),
        Piece(
            f"ALTER TABLE {change.table} VALIDATE CONSTRAINT {name}",
            why="checks the rows that were there, while work goes on",
            long=True,
        ),
    )

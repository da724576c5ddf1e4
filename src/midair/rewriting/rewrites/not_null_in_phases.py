"""A column becomes NOT NULL by a proof that is made while work goes on.

SET NOT NULL reads the whole table while nobody can use it, unless a validated check already proves
that the column holds no NULL.

## As written

```sql
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
```

## Online, before PostgreSQL 18

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ADD CONSTRAINT midair_nn_orders_customer_id CHECK (customer_id IS NOT NULL) NOT VALID` | ACCESS EXCLUSIVE, milliseconds |
| expand | `VALIDATE CONSTRAINT midair_nn_orders_customer_id`, in a transaction of its own | SHARE UPDATE EXCLUSIVE, as long as it reads |
| expand | `ALTER COLUMN customer_id SET NOT NULL`, then `DROP CONSTRAINT midair_nn_orders_customer_id` | ACCESS EXCLUSIVE, milliseconds |

## Online, PostgreSQL 18 and newer

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ADD CONSTRAINT orders_customer_id_not_null NOT NULL customer_id NOT VALID` | ACCESS EXCLUSIVE, milliseconds |
| expand | `VALIDATE CONSTRAINT orders_customer_id_not_null`, in a transaction of its own | SHARE UPDATE EXCLUSIVE, as long as it reads |

All are transactional: their record commits with them. Undo: drop the constraint, `DROP NOT NULL`.

## Why it is right

From the first step on no new row can hold NULL, and VALIDATE has seen every other row: the server
itself then skips the look. SET NOT NULL and the drop of the check are two statements: in one ALTER TABLE
the server drops the check first, and reads the table under ACCESS EXCLUSIVE after all. A NULL stops
VALIDATE, with new rows safe; `midair resume` goes on once the row is mended.

Source: PostgreSQL manual, ALTER TABLE, "SET NOT NULL"; order of the passes: tablecmds.c.
"""

from midair.dialects.postgresql.facts import SINCE
from midair.model.change import AddConstraint, Constraint, ConstraintKind, SetNotNull
from midair.model.statement import Sql
from midair.rewriting.names import temporary
from midair.rewriting.piece import Answer, Piece
from midair.rewriting.required import not_null_name
from midair.rewriting.rewrite import Case, rewrite


@rewrite("not-null-in-phases", SetNotNull, AddConstraint, answers=("MA104",))
def not_null_in_phases(change: SetNotNull | AddConstraint, case: Case) -> Answer:
    if not case.is_long:
        return None
    table = change.table
    if isinstance(change, AddConstraint):
        made = change.constraint
        if made.kind is not ConstraintKind.NOT_NULL or not made.valid:
            return None
        return _native(table, made.columns[0], made.name if made.named else None, case)
    if case.scene.version >= SINCE["not null constraint"]:
        return _native(table, change.column, None, case)
    check = temporary("nn", table, change.column)
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {check}"
    return (
        Piece(
            f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({change.column} IS NOT NULL) NOT VALID",
            why="no new row can hold NULL from here on",
            undo=(Sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}"),),
        ),
        Piece(
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}",
            why="checks the rows that were there, while work goes on",
            long=True,
        ),
        Piece(
            f"ALTER TABLE {table} ALTER COLUMN {change.column} SET NOT NULL",
            why="proved: the server reads no row",
            undo=(Sql(f"ALTER TABLE {table} ALTER COLUMN {change.column} DROP NOT NULL"),),
        ),
        Piece(drop, why="the proof is no longer needed"),
    )


def _native(table: str, column: str, name: str | None, case: Case) -> Answer:
    begun = _not_valid(case, table, column)
    made = begun.name if begun else name or not_null_name(table, column, case.scene)
    validate = Piece(
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {made}",
        why="checks the rows that were there, while work goes on",
        long=True,
    )
    if begun:
        return (validate,)
    add = Piece(
        f"ALTER TABLE {table} ADD CONSTRAINT {made} NOT NULL {column} NOT VALID",
        why="no new row can hold NULL from here on",
        undo=(Sql(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"),),
    )
    return (add, validate)


def _not_valid(case: Case, table: str, column: str) -> Constraint | None:
    found = case.scene.schema.tables.get(table)
    every = found.constraints if found else ()
    return next(
        (
            each
            for each in every
            if each.kind is ConstraintKind.NOT_NULL and each.columns == (column,) and not each.valid
        ),
        None,
    )

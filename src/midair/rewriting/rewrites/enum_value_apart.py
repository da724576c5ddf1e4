"""A new enum value commits before anything uses it.

A value that ALTER TYPE … ADD VALUE adds cannot be used in the transaction that adds it: the migration
that adds a value and sets it as a default fails as its author wrote it.

## As written

```sql
ALTER TYPE mood ADD VALUE 'calm';
ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'calm';
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TYPE mood ADD VALUE 'calm'`, with what stands before it, and a commit | none on any table |

Where nothing after it names the value, the migration stays the one transaction it is.

Its record commits with it. Undo: none; the server takes no value away.

## Why it is right

Nobody uses a value before the application that knows it is there; an old application must be able to
read it, which `check` reminds of.

Source: PostgreSQL manual, ALTER TYPE, notes.
"""

from midair.model.change import AddEnumValue
from midair.rewriting.piece import Answer, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("enum-value-apart", AddEnumValue, answers=("MA407",))
def enum_value_apart(change: AddEnumValue, case: Case) -> Answer:
    return (Piece(case.sql, why="commits before anything uses the value", apart=change.label),)

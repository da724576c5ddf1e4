"""Nothing bounds how long a value of this column may be.

A form that somebody pastes a book into fills the row, the indexes and every copy of it. The opposite of
`prefer-text` (MA808): a project turns on the one it holds with.

## Avoid

```sql
CREATE TABLE notes (id bigint PRIMARY KEY, body text); -- finds MA828
ALTER TABLE notes ADD COLUMN title varchar; -- finds MA828
```

## Prefer

```sql
CREATE TABLE notes (id bigint PRIMARY KEY, body text, CONSTRAINT body_fits CHECK (char_length(body) <= 10000));
ALTER TABLE notes ADD COLUMN title varchar(200);
```

Source: PostgreSQL manual, 8.3 "Character Types".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import named
from midair.analysis.wording import listed
from midair.model.change import AddColumn, AddConstraint, Column, Constraint, ConstraintKind, CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA828", "text-without-limit", Risk.LOW, CreateTable, AddColumn, default=False)
def text_without_limit(change: CreateTable | AddColumn, context: Context) -> Iterator[Concern]:
    columns = change.columns if isinstance(change, CreateTable) else (change.column,)
    later = (each for act in (context.act, *context.later_on(change.table)) for each in act.changes)
    checks = [
        *change.constraints,
        *(
            each.constraint
            for each in later
            if isinstance(each, AddConstraint) and each.table == change.table
        ),
    ]
    names = [
        each.name
        for each in columns
        if _unbounded(each) and not any(_bounds(one, each.name) for one in checks)
    ]
    if not names:
        return
    limits = [
        f"CONSTRAINT {named(change.table, each, 'fits')} CHECK (char_length({each}) <= 10000)"
        for each in names
    ]
    text = "say how long it may be, with a check that can be changed later"
    if isinstance(change, CreateTable):
        remedy = Remedy(text, write=tuple(limits))
    else:
        later_on = (f"ALTER TABLE {change.table} ADD {each} NOT VALID" for each in limits)
        remedy = Remedy(text, (context.act.statement.sql, *later_on))
    yield Concern(f"{listed(names)} of {change.table} may be of any length", remedy)


def _unbounded(column: Column) -> bool:
    of_text = column.type.name in ("text", "varchar") and not column.type.modifiers
    return of_text and not column.type.dimensions and column.generated is None


def _bounds(made: Constraint, column: str) -> bool:
    """A check that measures the column."""
    return made.kind is ConstraintKind.CHECK and column in made.columns and "length" in made.clause.lower()

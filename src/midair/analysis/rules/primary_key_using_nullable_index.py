"""A primary key over an existing index still reads the table when its columns may hold NULL.

Adopting the index is instant, making the columns NOT NULL is not.

## Given

```sql
CREATE TABLE notes (id bigint, body text);
INSERT INTO notes SELECT g, 'n' FROM generate_series(1, 100) g;
CREATE UNIQUE INDEX notes_id ON notes (id);
```

## Avoid

```sql
ALTER TABLE notes ADD CONSTRAINT notes_pkey PRIMARY KEY USING INDEX notes_id; -- finds MA109
```

## Prefer

```sql
ALTER TABLE notes ADD CONSTRAINT notes_id_nn CHECK (id IS NOT NULL) NOT VALID;
-- next migration
ALTER TABLE notes VALIDATE CONSTRAINT notes_id_nn;
-- next migration
ALTER TABLE notes ADD CONSTRAINT notes_pkey PRIMARY KEY USING INDEX notes_id;
```

Source: PostgreSQL manual, ALTER TABLE; measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import not_null_proof
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA109", "primary-key-using-nullable-index", Risk.HIGH, AddConstraint, recipe="R8", grows=True)
def primary_key_using_nullable_index(change: AddConstraint, context: Context) -> Iterator[Concern]:
    key = change.constraint
    if key.kind is not ConstraintKind.PRIMARY_KEY or not key.using_index or context.is_new(change.table):
        return
    if context.effects(change).scans:
        yield Concern(
            f"{key.name} reads all of {change.table} under ACCESS EXCLUSIVE, because a column of {key.using_index} may hold NULL",
            Remedy("prove the columns with a validated check first", _proofs(change, context)),
            table=change.table,
        )


def _proofs(change: AddConstraint, context: Context) -> tuple[str, ...]:
    table = context.table(change.table)
    index = table.index(change.constraint.using_index or "") if table else None
    columns = [table.column(each) for each in index.columns] if table and index else []
    return tuple(
        sql
        for each in columns
        if each is not None and not each.not_null
        for sql in not_null_proof(change.table, each.name)
    )

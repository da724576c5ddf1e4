"""A default stays until the old application is gone.

The version that is still running may leave the column out of its INSERTs and count on the default. That holds for a column that the same migration added NOT NULL, too: the old version does not know it.

## As written

```sql
ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | nothing: the new version gives the value itself | none |
| contract | the statement as written | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | nothing | none |

Source: expand-contract.md §4.11, §4.19.
"""

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import Change, DropDefault, SetDefault
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.statement import Sql
from midair.rewriting.names import raw
from midair.rewriting.recipe import Answer, Phases, recipe
from midair.rewriting.rewrite import Case


@recipe("drop-default", DropDefault, answers=("MA307",))
def drop_default(change: DropDefault, case: Case) -> Answer:
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if table is None or column is None or column.default is None:
        return None
    if (table.name, column.name) in case.scene.fresh and not column.not_null:
        return None  # the old version does not know the column, and NULL does it no harm
    if any(_sets_again(part, change) for each in case.following for part in changes_of(each.sql)):
        return None  # it is replaced
    held = Held(table.name, column.name)
    gone = Sql(
        "SELECT 1 - count(*)::int FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND atthasdef",
        (table.name, raw(column.name)),
    )
    return Phases(
        expand=(),
        contract=(case.sql,),
        locks=case.scene.locks(case.effects) or ((table.name, LockLevel.ACCESS_EXCLUSIVE),),
        summary=f"{table.name}.{column.name} still has its default",
        holds=(held,),
        grounds=(Ground(held, table.name, table.name, defaults=False),),
        reverses=f"set default {table.name}.{column.name}",
        verify=Need(gone, f"{table.name}.{column.name} has no default already"),
        comes_back="the default, by the downgrade",
    )


def _sets_again(part: Change, change: DropDefault) -> bool:
    return isinstance(part, SetDefault) and (part.table, part.column) == (change.table, change.column)

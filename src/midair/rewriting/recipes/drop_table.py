"""A table stays until the old application is gone.

## As written

```sql
DROP TABLE orders;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | nothing: the new version does without it | none |
| contract | the statement as written | ACCESS EXCLUSIVE on it and on the tables its foreign keys point to, milliseconds |
| undo, before contract | nothing: it never went away | none |

## Why it is right

The old version goes on reading and writing it. Until contract its foreign keys hold: the new version cannot delete a row that
they point to, unless they cascade. The plan names such keys.

Source: expand-contract.md §4.11.
"""

from midair.model.change import ConstraintKind, DropTable
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.statement import Sql
from midair.rewriting.bridge import WAYS
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case


@recipe("drop-table", DropTable, answers=("MA202",))
def drop_table(change: DropTable, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None:
        return None
    if table.kind not in ("table", "partitioned"):
        return NoWay(f"{table.name} is a {table.kind}, and recipes are for tables", WAYS)
    keys = [
        each
        for each in table.constraints
        if each.kind is ConstraintKind.FOREIGN_KEY and each.references != table.name and not each.cascades
    ]
    notes = tuple(
        f"until contract {each.name} refuses to delete rows of {each.references} that {table.name} points to"
        for each in keys
    )
    return Phases(
        expand=(),
        contract=(case.sql,),
        locks=case.scene.locks(case.effects) or ((table.name, LockLevel.ACCESS_EXCLUSIVE),),
        summary=f"{table.name} is still there",
        holds=(Held(table.name),),
        reverses=f"create table {table.name}",
        verify=Need(
            Sql("SELECT (to_regclass(%s) IS NULL)::int", (table.name,)), f"{table.name} is gone already"
        ),
        old=(table.name, None),
        cascades=change.cascade,
        notes=notes,
    )

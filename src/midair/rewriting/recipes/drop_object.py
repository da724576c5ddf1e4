"""A type, function or sequence goes once what uses it until contract is gone.

A column that is dropped stays until the old application is gone, and so does its type: the server drops none that is in use.
The same holds for the function of a trigger on a table that waits to be dropped, and for the sequence behind a column's default.

## As written

```sql
ALTER TABLE workers DROP COLUMN status;
DROP TYPE worker_status;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| contract | `DROP TYPE worker_status`, after the column's own contract | none on a table |
| undo, before contract | nothing: it is still there | none |

What nothing that waits needs is dropped at once, as written. Where the column is put aside (`archive`), the type goes at the end
of that.

## Why it is right

Contracts run in the order in which their migrations did. Until then nothing else can be called so, and who makes it anew waits.

Source: expand-contract.md §4.14; PostgreSQL manual, "Dependency Tracking".
"""

from midair.model.change import DropObject
from midair.model.contract import Archive, Held, Need
from midair.model.statement import Sql
from midair.rewriting.recipe import Answer, Phases, recipe
from midair.rewriting.rewrite import Case

_IS_GONE = {
    "type": "SELECT (to_regtype(%s) IS NULL)::int",
    "domain": "SELECT (to_regtype(%s) IS NULL)::int",
    "sequence": "SELECT (to_regclass(%s) IS NULL)::int",
    "function": "SELECT (to_regproc(%s) IS NULL)::int",
}


@recipe("drop-object", DropObject, answers=())
def drop_object(change: DropObject, case: Case) -> Answer:
    if change.name not in case.scene.lingering or change.kind not in _IS_GONE:
        return None
    return Phases(
        expand=(),
        contract=(case.sql,),
        locks=(),
        summary=f"the {change.kind} {change.name} is still there",
        holds=(Held(change.name),),
        reverses=f"create {change.kind} {change.name}",
        verify=Need(Sql(_IS_GONE[change.kind], (change.name,)), f"{change.name} is gone already"),
        archive=Archive(statements=(), undo=(), needs=(), purge=(case.sql,), locks=()),
        comes_back=f"the {change.kind}, by the downgrade",
        cascades=change.cascade,
        notes=(f"{change.kind} {change.name} is needed until contract, and goes then",),
    )

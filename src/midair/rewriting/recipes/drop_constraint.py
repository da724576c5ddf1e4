"""A key stays until the old application is gone; a check goes at once.

The version that is still running may name a unique key in ON CONFLICT, or count on a foreign key that cascades: without
it, its statements fail or leave orphans. A check, a NOT NULL and a foreign key that only refuses do nothing for it, and the
new version may need to write what they refuse: they are dropped at once, as written. So is a primary key: a table has but one,
and the key that takes its place could not be made beside it.

## As written

```sql
ALTER TABLE orders DROP CONSTRAINT orders_number_key;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | nothing; until contract the key still refuses duplicates | none |
| contract | the statement as written | ACCESS EXCLUSIVE, for a foreign key on both tables, milliseconds |
| undo, before contract | nothing | none |

## Another of the same name

`DROP CONSTRAINT orders_number_key`, then `ADD CONSTRAINT orders_number_key UNIQUE (number, shop)`, is a key replaced. The new one is made
at expand, by its own rewrite, as `midair_new_orders_orders_number_key`, and gets the name at contract, when the old one has gone: until then both hold.
A foreign key that cascades is replaced in this way by one that cascades, too; one that refuses would refuse what the old version does.

Source: expand-contract.md §4.11; PostgreSQL manual, INSERT, "ON CONFLICT Clause".
"""

from midair.model.change import Constraint, ConstraintKind, DropConstraint
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.statement import Sql
from midair.rewriting.names import raw
from midair.rewriting.recipe import Answer, Phases, recipe
from midair.rewriting.rewrite import Case

_KEYS = (ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE)


@recipe("drop-constraint", DropConstraint, answers=("MA209",))
def drop_constraint(change: DropConstraint, case: Case) -> Answer:
    table = case.table(change.table)
    found = table.constraint(change.name) if table is not None else None
    if table is None or found is None or not _serves(found):
        return None
    held = Held(table.name, found.name)
    gone = Sql(
        "SELECT 1 - count(*)::int FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s",
        (table.name, raw(found.name)),
    )
    return Phases(
        expand=(),
        contract=(case.sql,),
        locks=case.scene.locks(case.effects) or ((table.name, LockLevel.ACCESS_EXCLUSIVE),),
        summary=f"{table.name} still has the {found.kind} {found.name}",
        holds=(held,),
        grounds=(Ground(held, table.name, table.name, again=True),),
        reverses=f"add constraint {table.name}.{found.name}",
        verify=Need(gone, f"{found.name} is gone from {table.name} already"),
        comes_back="the constraint, by the downgrade, if the rows still meet it",
        cascades=change.cascade,
        notes=(f"until contract {found.name} holds for the new version too",),
    )


def _serves(constraint: Constraint) -> bool:
    """Statements of the old version need it: they name it, or count on what it does."""
    return constraint.kind in _KEYS or (constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.cascades)

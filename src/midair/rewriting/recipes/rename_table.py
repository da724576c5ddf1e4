"""A table has both its names until the old application is gone.

The table gets its new name, and a view with the old one stands beside it, through which the version
that is still running reads and writes.

## As written

```sql
ALTER TABLE orders RENAME TO purchases;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE orders RENAME TO purchases`; `CREATE VIEW orders AS SELECT … FROM purchases` with the table's owner, grants and comment, and a tripwire that notes when it was last used | ACCESS EXCLUSIVE, milliseconds |
| contract | `DROP VIEW orders` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | `DROP VIEW orders`; `ALTER TABLE purchases RENAME TO orders` | ACCESS EXCLUSIVE, milliseconds |

Refused where a view cannot stand in, as for a renamed column.

## Why it is right

As for a renamed column: one table holds the data, the server itself writes through the view. Sequences, indexes
and constraints keep their names, as they do with the statement as written.

Source: PostgreSQL manual, CREATE VIEW, "Updatable Views"; expand-contract.md §4.3.
"""

from midair.model.change import RenameTable
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.schema import bare_name, beside
from midair.rewriting import tripwire
from midair.rewriting.bridge import bridge_for, writable
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case


@recipe("rename-table", RenameTable, answers=("MA302",))
def rename_table(change: RenameTable, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None:
        return None  # an index or a sequence, or one that this plan made
    bridge = bridge_for(table, case)
    if isinstance(bridge, NoWay):
        return bridge
    old, new = table.name, beside(table.name, change.new_name)
    columns = [(each.name, each.name) for each in table.columns]
    wire = tripwire.wire_of(old)
    statements = (
        f"ALTER TABLE {old} RENAME TO {change.new_name}",
        *bridge.statements(old, columns, new, wire=wire),
    )
    gone = (f"DROP VIEW {old}", tripwire.taken(wire))
    only = ((old, LockLevel.ACCESS_EXCLUSIVE),)
    both = ((old, LockLevel.ACCESS_EXCLUSIVE), (new, LockLevel.ACCESS_EXCLUSIVE))
    return Phases(
        expand=tuple(
            Piece(sql, locks=only, why=f"{old} goes on being there as a view") for sql in statements
        ),
        contract=gone,
        locks=both,
        undo=(*gone, f"ALTER TABLE {new} RENAME TO {bare_name(old)}"),
        undo_locks=both,
        summary=f"{new} is there under its old name too, {old}",
        holds=(Held(old), Held(new)),
        grounds=(Ground(Held(new), new, old),),
        reverses=f"rename table {new} to {bare_name(old)}",
        verify=Need(writable(old, new), f"the view {old} over {new} is not as it was made"),
        old=(old, None),
        wire=wire,
        comes_back="all of it: the downgrade gives the table its old name back",
        notes=(f"until contract {old} is a view over {new}: no COPY into {old}, no TRUNCATE of it",),
    )

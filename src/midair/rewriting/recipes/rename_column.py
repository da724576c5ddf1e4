"""A column has both its names until the old application is gone.

A renamed column breaks every statement of the version that is still running. Here the table gets
another name, its column the new one, and a view with both names stands in the table's place. One
column holds the data; nothing is copied, nothing can drift apart.

## As written

```sql
ALTER TABLE orders RENAME COLUMN total TO amount;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE orders RENAME TO orders__base`; `ALTER TABLE orders__base RENAME COLUMN total TO amount`; `CREATE VIEW orders AS SELECT …, amount, …, amount AS total FROM orders__base` with the table's owner, grants and comment | ACCESS EXCLUSIVE, milliseconds |
| contract | `DROP VIEW orders`; `ALTER TABLE orders__base RENAME TO orders` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | `DROP VIEW orders`; the column and the table get their names back | ACCESS EXCLUSIVE, milliseconds |

Refused where a view cannot stand in: published and subscribed tables, partitions and inheritance, tables
whose row type is used, row security before PostgreSQL 15, triggers whose functions say the old name.

## Why it is right

The view is updatable by the server itself: INSERT, UPDATE, DELETE, RETURNING, ON CONFLICT and row
locks go through it to the one table, defaults and constraints stay there, foreign keys and views that
were there follow the table. It runs with the rights of whoever uses it (from PostgreSQL 15).

Until contract the name is a view: COPY into it, TRUNCATE, `pg_get_serial_sequence` and MERGE before
PostgreSQL 17 do not work, and `SELECT *` has one more column, at its end. One statement may not set both names.

Source: PostgreSQL manual, CREATE VIEW, "Updatable Views"; measured: expand-contract.md §4.1.
"""

import re
from itertools import chain

from midair.model.change import RenameColumn
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.intent import Way
from midair.model.schema import bare_name
from midair.rewriting.bridge import WAYS, base_name, bridge_for, writable
from midair.rewriting.names import raw
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case


@recipe("rename-column", RenameColumn, answers=("MA301",))
def rename_column(change: RenameColumn, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None or (table.name, change.column) in case.scene.fresh:
        return None
    intent = case.statement.intent
    if intent is not None and intent.strategy is Way.DUPLICATE:
        return None  # rename-column-by-copy does it
    bridge = bridge_for(table, case)
    if isinstance(bridge, NoWay):
        return bridge
    base = base_name(table.name, case)
    if base is None:
        return NoWay(f"there is a {bare_name(table.name)}__base already", "drop or rename it")
    word = re.compile(rf"\b{re.escape(raw(change.column))}\b", re.IGNORECASE)
    if any(word.search(source) for source in bridge.facts.trigger_sources):
        return NoWay(
            f"a trigger's function on {table.name} says {change.column}",
            f"let it say both names first; or {WAYS}",
        )
    view, old, new = table.name, change.column, change.new_name
    names = [new if each.name == old else each.name for each in table.columns]
    columns = [*((name, name) for name in names), (new, old)]
    before = [
        f"ALTER TABLE {view} RENAME TO {bare_name(base)}",
        f"ALTER TABLE {base} RENAME COLUMN {old} TO {new}",
    ]
    after = bridge.statements(view, columns, base, {new: old})
    only = ((view, LockLevel.ACCESS_EXCLUSIVE),)
    both = ((view, LockLevel.ACCESS_EXCLUSIVE), (base, LockLevel.ACCESS_EXCLUSIVE))
    back = (f"DROP VIEW {view}", f"ALTER TABLE {base} RENAME TO {bare_name(view)}")
    return Phases(
        expand=tuple(
            Piece(sql, locks=only, why=f"{view} gets both names of the column")
            for sql in chain(before, after)
        ),
        contract=back,
        locks=both,
        undo=(back[0], f"ALTER TABLE {base} RENAME COLUMN {new} TO {old}", back[1]),
        undo_locks=both,
        summary=f"{view} has the column under both names, {old} and {new}",
        holds=(Held(view), Held(base)),
        grounds=(Ground(Held(view), base, view, columns=((new, old),)),),
        reverses=f"rename column {view}.{new} to {old}",
        verify=Need(writable(view, base), f"the view {view} over {base} is not as it was made"),
        old=(view, old),
        comes_back="all of it: the downgrade gives the column its old name back",
        notes=(
            f"until contract {view} is a view over {base}: no COPY into it, no TRUNCATE; SELECT * has one column more,"
            " and one prepared before ready or before contract fails until it is prepared again",
        ),
    )

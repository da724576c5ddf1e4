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

Several renames of one table's columns right after each other are one recipe: one view has all the names. Where the table's own rename
follows, it is `rename-table`, and the view with the old name has the old columns' names.

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

from collections.abc import Iterator, Sequence

from midair.model.change import RenameColumn, RenameTable
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import replace
from midair.model.intent import Way
from midair.model.schema import Table, bare_name
from midair.rewriting.bridge import WAYS, Bridge, base_name, bridge_for, only_change, writable
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.renamed import renamed
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
    renames = ((change.column, change.new_name), *_following(table, change, case))
    said = next((old for old, _ in renames if bridge.says(old)), None)
    if said is not None:
        return NoWay(
            f"a trigger's function on {table.name} says {said}", f"let it say both names first; or {WAYS}"
        )
    takes, last = len(renames) - 1, only_change(case.following, len(renames) - 1)
    if isinstance(last, RenameTable) and last.table == table.name:
        return replace(renamed(table, last.new_name, renames, bridge), takes=takes + 1)
    base = base_name(table.name, case)
    if base is None:
        return NoWay(f"there is a {bare_name(table.name)}__base already", "drop or rename it")
    return replace(_phases(table, base, renames, bridge), takes=takes)


def _following(table: Table, change: RenameColumn, case: Case) -> Iterator[tuple[str, str]]:
    """The renames of other columns right after it: one view has all the names."""
    names = {change.column, change.new_name}
    for number in range(len(case.following)):
        each = only_change(case.following, number)
        if (
            not isinstance(each, RenameColumn)
            or each.table != table.name
            or names & {each.column, each.new_name}
        ):
            return
        if (table.name, each.column) in case.scene.fresh:
            return
        names |= {each.column, each.new_name}
        yield each.column, each.new_name


def _phases(table: Table, base: str, renames: Sequence[tuple[str, str]], bridge: Bridge) -> Phases:
    view, now = table.name, dict(renames)
    names = [now.get(each.name, each.name) for each in table.columns]
    columns = [*((name, name) for name in names), *((new, old) for old, new in renames)]
    back = (f"DROP VIEW {view}", f"ALTER TABLE {base} RENAME TO {bare_name(view)}")
    both = ((view, LockLevel.ACCESS_EXCLUSIVE), (base, LockLevel.ACCESS_EXCLUSIVE))
    pairs = tuple((new, old) for old, new in renames)
    told = "; ".join(f"{old} and {new}" for old, new in renames)
    return Phases(
        expand=tuple(
            Piece(
                sql, locks=((view, LockLevel.ACCESS_EXCLUSIVE),), why=f"{view} gets both names of the column"
            )
            for sql in (
                f"ALTER TABLE {view} RENAME TO {bare_name(base)}",
                *(f"ALTER TABLE {base} RENAME COLUMN {old} TO {new}" for old, new in renames),
                *bridge.statements(view, columns, base, dict(pairs)),
            )
        ),
        contract=back,
        locks=both,
        undo=(
            back[0],
            *(f"ALTER TABLE {base} RENAME COLUMN {new} TO {old}" for old, new in reversed(renames)),
            back[1],
        ),
        undo_locks=both,
        summary=f"{view} has the column under both names, {told}",
        holds=(Held(view), Held(base)),
        grounds=(Ground(Held(view), base, view, columns=pairs),),
        reverses=f"rename column {view}.{renames[0][1]} to {renames[0][0]}",
        verify=Need(writable(view, base), f"the view {view} over {base} is not as it was made"),
        old=(view, renames[0][0]),
        also=tuple(old for old, _ in renames[1:]),
        comes_back="all of it: the downgrade gives the column its old name back",
        notes=(
            f"until contract {view} is a view over {base}: no COPY into it, no TRUNCATE; SELECT * has one column more a name,"
            " and one prepared before ready or before contract fails until it is prepared again",
        ),
    )

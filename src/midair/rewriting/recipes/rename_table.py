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

Columns renamed in the same migration, before or after, are renamed in the table; the view goes on calling them as before.

Refused where a view cannot stand in, as for a renamed column.

## Why it is right

As for a renamed column: one table holds the data, the server itself writes through the view. Sequences, indexes
and constraints keep their names, as they do with the statement as written.

Source: PostgreSQL manual, CREATE VIEW, "Updatable Views"; expand-contract.md §4.3.
"""

from midair.model.change import RenameTable
from midair.rewriting.bridge import bridge_for
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.renamed import renamed
from midair.rewriting.rewrite import Case


@recipe("rename-table", RenameTable, answers=("MA302",))
def rename_table(change: RenameTable, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None:
        return None  # an index or a sequence, or one that this plan made
    bridge = bridge_for(table, case)
    if isinstance(bridge, NoWay):
        return bridge
    return renamed(table, change.new_name, (), bridge)

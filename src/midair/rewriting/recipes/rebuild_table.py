"""A table that is built anew, partitioned for one, is filled while work goes on and takes the old one's place in an instant.

PostgreSQL cannot make a table partitioned. So the guides make a partitioned table beside it, copy the rows, and exchange the names;
what is written between the copy and the renames is lost, or nobody may write meanwhile. The same holds for every other table that
is built anew by hand. The statements are recognised as a whole, in both usual orders.

## As written

```sql
ALTER TABLE orders RENAME TO orders_old;
CREATE TABLE orders (id bigint, placed date, total numeric, PRIMARY KEY (id, placed)) PARTITION BY RANGE (placed);
CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
INSERT INTO orders SELECT * FROM orders_old;
DROP TABLE orders_old;
```

or `CREATE TABLE orders_new …`, `INSERT INTO orders_new SELECT … FROM orders`, and the renames, or a drop and a rename, at the end.

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the author's CREATE statements, under another name while `orders` is still in use | none |
| expand | functions that repeat a write in the other table, tried on scratch copies; the triggers that call them | SHARE ROW EXCLUSIVE, milliseconds |
| backfill | the rows that were there, in batches by the old key | row locks, a batch at a time |
| expand | `ANALYZE`, every row compared | none |
| expand | the exchange of the names, with sequences, rights, policies, triggers, views, publications; the triggers turned round | ACCESS EXCLUSIVE on the table and its neighbours, milliseconds |
| contract | the triggers, their functions, `DROP TABLE orders_old` where its author says so | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | the exchange backwards; the new table and its partitions go | ACCESS EXCLUSIVE, milliseconds |

## Why it is right

As for `shadow-table`: rows are repeated by triggers in the transaction that writes them, copied under their locks, and compared before
the exchange. A row that no partition takes fails nobody's write: its key is noted, and the exchange waits until it is mended or
there is a partition for it. A column that the old table has and the new one has not is empty there for rows written after the exchange.

The new table has what its author wrote; rights, row security, triggers, views and publications go along, because
the application would miss them, and a sequence goes on where the old one is.

Refused, besides what `shadow-table` refuses: foreign keys of other tables to columns that are no key of the new one (the key of a
partitioned table holds the column it is partitioned by); a new table without a primary key; a key that is not copied as it is.

Source: expand-contract.md §4.17, §4.18; PostgreSQL manual, "Table Partitioning".
"""

from midair.model.change import CreateTable, RenameTable
from midair.rewriting.costs import told
from midair.rewriting.rebuilding import read_after, read_before
from midair.rewriting.rebuilt import rebuilt
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.rewrite import Case


@recipe("rebuild-table", RenameTable, CreateTable)
def rebuild_table(change: RenameTable | CreateTable, case: Case) -> Answer:
    read = read_before(change, case) if isinstance(change, RenameTable) else read_after(change, case)
    if read is None:
        return None
    made = rebuilt(read, case)
    if isinstance(made, NoWay):
        return made
    return made.phases(takes=read.takes, reverses="", cost=told(case.scene, read.table.name, whole=True))

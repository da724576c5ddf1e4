"""A foreign key is added at once, and proved afterwards while writes go on.

ADD FOREIGN KEY reads both tables while neither can be written. With NOT VALID the server only notes
the key: from then on every new row is checked. VALIDATE then reads the old rows under locks that no
read or write waits for.

## As written

```sql
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey … NOT VALID` | SHARE ROW EXCLUSIVE on both tables, milliseconds |
| expand | `ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_fkey`, in a transaction of its own | SHARE UPDATE EXCLUSIVE on orders, ROW SHARE on customers, as long as it reads |

Both are transactional: their record commits with them. Undo: `DROP CONSTRAINT`.

## Why it is right

The first step waits for every writer of both tables to end, so whoever writes later is checked by the
key; VALIDATE checks every row that was there before. Together that is every row. The name is the one the
server would have chosen. Rows that break the key stop VALIDATE: the key then stays, not validated,
and new rows are safe; `midair resume` goes on once the rows are mended.

## Partitioned tables

Before PostgreSQL 18 a NOT VALID key cannot be on a partitioned table: each partition gets its own key
in the two steps, and the key on the parent then adopts them without reading a row.

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint [NOT VALID]" and "VALIDATE CONSTRAINT".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.motion.naming import with_free_name
from midair.model.schema import bare_name
from midair.model.statement import Sql
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("foreign-key-in-two-steps", AddConstraint, answers=("MA105", "MA116"))
def foreign_key_in_two_steps(change: AddConstraint, case: Case) -> Answer:
    made = change.constraint
    if made.kind is not ConstraintKind.FOREIGN_KEY or not made.valid or not case.is_long:
        return None
    table = case.table(change.table)
    if table is None:
        return None
    constraint, _ = with_free_name(case.scene.schema, change.table, made, None)
    if table.kind == "partitioned" and case.scene.version < SINCE["not valid foreign key on partitioned"]:
        return _by_partition(change, constraint.name, case)
    return _two_steps(case.sql, change.table, constraint.name)


def _two_steps(sql: str, table: str, name: str) -> Answer:
    first = compose.constraint_not_valid(sql, raw(bare_name(name)))
    if first is None:
        return Declined("its definition cannot be written in another form")
    return (
        Piece(
            first,
            why="checks new rows from here on",
            undo=(Sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"),),
        ),
        Piece(
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",
            why="checks the rows that were there, while writes go on",
            long=True,
        ),
    )


def _by_partition(change: AddConstraint, name: str, case: Case) -> Answer:
    schema, pieces = case.scene.schema, list[Piece]()
    for partition in schema.children(change.table):
        if schema.tables[partition].kind == "partitioned":
            return Declined("its partitions are partitioned themselves")
        on_partition = compose.on_table(case.sql, raw_path(partition))
        steps = _two_steps(on_partition, partition, name) if on_partition else None
        if not isinstance(steps, tuple):
            return Declined("its definition cannot be written in another form")
        pieces += steps
    named = compose.with_name(case.sql, raw(bare_name(name)))
    if named is None:
        return Declined("its definition cannot be written in another form")
    return (*pieces, Piece(named, why="adopts the partitions' keys without reading a row"))

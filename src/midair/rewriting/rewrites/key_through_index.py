"""A unique constraint or a primary key adopts an index that was built while writes go on.

ADD UNIQUE and ADD PRIMARY KEY build their index while nobody can read or write, and a primary key
reads the table once more for NULLs. Given an index that is there, the server only notes the
constraint; and given columns that are NOT NULL, a primary key reads nothing either.

## As written

```sql
ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number);
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | for a primary key: each column that may hold NULL becomes NOT NULL, see `not-null-in-phases` | milliseconds |
| expand | `CREATE UNIQUE INDEX CONCURRENTLY midair_ix_orders_orders_number_key ON orders (number)`, by itself | SHARE UPDATE EXCLUSIVE, as long as it takes |
| expand | `ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX midair_ix_orders_orders_number_key` | ACCESS EXCLUSIVE, milliseconds |

The index is done when it is valid; the last step's record commits with it. Undo: `DROP CONSTRAINT`,
`DROP INDEX CONCURRENTLY`.

## Why it is right

A concurrent build ends valid only if no two rows have the same key, and new rows are checked from
before its second reading on. The server gives the index the constraint's name when that adopts it, so the
schema is the one the author's statement gives. A constraint that the same migration drops in favour of this
one goes in the transaction that adopts, so nobody ever works without either.

Duplicates end the build: its remains are dropped, the message names the values, and `midair
resume` goes on once they are gone.

## Partitioned tables

The key is made on the parent alone, each partition gets its own as above and is then attached.

Source: PostgreSQL manual, ALTER TABLE, "ADD table_constraint_using_index"; ALTER INDEX, "ATTACH PARTITION".
"""

from dataclasses import replace

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.state import cut_off_index, index_is_valid
from midair.model.change import AddConstraint, Constraint, ConstraintKind, Index
from midair.model.motion.naming import copied_index, with_free_name
from midair.model.schema import Table, beside
from midair.model.statement import Sql
from midair.rewriting.names import raw, raw_path, temporary
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite

_UNREADABLE = Declined("its definition cannot be written in another form")


@rewrite("key-through-index", AddConstraint, answers=("MA107", "MA108", "MA115"))
def key_through_index(change: AddConstraint, case: Case) -> Answer:
    made = change.constraint
    if made.kind not in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY) or not case.is_long:
        return None
    table = case.table(change.table)
    if table is None or change.only:
        return None
    if made.using_index:
        proofs = _proofs(table, table.index(made.using_index), made)
        return (*proofs, Piece(case.sql, why="adopts the index")) if proofs else None
    constraint, index = with_free_name(case.scene.schema, change.table, made, change.index)
    if index is None:
        return None
    proofs = _proofs(table, index, made)
    if table.kind == "partitioned":
        return _on_partitions(change, constraint, index, proofs, case)
    steps = _built_and_adopted(case.sql, table.name, constraint.name)
    return (*proofs, *steps) if isinstance(steps, tuple) else steps


def _proofs(table: Table, index: Index | None, made: Constraint) -> tuple[Piece, ...]:
    """A primary key's columns must be NOT NULL beforehand, or attaching it reads the table."""
    if made.kind is not ConstraintKind.PRIMARY_KEY or index is None:
        return ()
    found = [(each, table.column(each)) for each in index.columns]
    return tuple(
        Piece(f"ALTER TABLE {table.name} ALTER COLUMN {name} SET NOT NULL", again=True)
        for name, column in found
        if column is not None and not column.not_null
    )


def _built_and_adopted(sql: str, table: str, name: str) -> tuple[Piece, ...] | Declined:
    # A name of its own: a constraint that this one replaces may still hold the other.
    own = temporary("ix", table, name)
    index = beside(table, own)
    build = compose.key_index(sql, raw(own), raw_path(table))
    adopt = compose.key_using_index(sql, raw(name), raw(own), raw_path(table))
    if build is None or adopt is None:
        return _UNREADABLE
    return (
        Piece(
            build,
            why="built while writes go on",
            alone=True,
            long=True,
            patient=True,
            probe=index_is_valid(index),
            repair=cut_off_index(index, table),
            undo=(Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"),),
        ),
        Piece(
            adopt,
            why="adopts the index",
            undo=(Sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"),),
        ),
    )


def _on_partitions(
    change: AddConstraint, constraint: Constraint, index: Index, proofs: tuple[Piece, ...], case: Case
) -> Answer:
    schema = case.scene.schema
    parent = schema.tables[change.table]
    on_parent = compose.constraint_only(case.sql, raw(constraint.name))
    if on_parent is None:
        return _UNREADABLE
    having_key = replace(parent, constraints=(*parent.constraints, constraint))
    undo = (Sql(f"ALTER TABLE {parent.name} DROP CONSTRAINT IF EXISTS {constraint.name}"),)
    pieces = [Piece(on_parent, why="on the parent alone, not valid yet", undo=undo)]
    for partition in schema.children(parent.name):
        child = schema.tables[partition]
        if child.kind == "partitioned":
            return Declined("its partitions are partitioned themselves")
        copied = copied_index(index, partition, having_key)
        wanted = Constraint(copied.constraint or copied.name, constraint.kind, named=False)
        name = with_free_name(schema, partition, wanted, copied)[0].name
        steps = _built_and_adopted(case.sql, partition, name)
        if not isinstance(steps, tuple):
            return steps
        attach = (
            f"ALTER INDEX {beside(parent.name, constraint.name)} ATTACH PARTITION {beside(partition, name)}"
        )
        pieces += [*steps, Piece(attach, why="joins the parent's index")]
    return (*proofs, *pieces)

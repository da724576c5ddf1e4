"""A column is added empty, filled while work goes on, and only then gets what it must obey.

A default that differs from row to row (a random key, the clock, a sequence) makes the server write
the whole table again while nobody can use it. A check, a unique or a foreign key behind the column
makes it read the table under the same lock.

## As written

```sql
ALTER TABLE orders ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `ALTER TABLE orders ADD COLUMN public_id uuid`, then `ALTER COLUMN public_id SET DEFAULT gen_random_uuid()`, together | ACCESS EXCLUSIVE, milliseconds |
| backfill | `UPDATE orders SET public_id = gen_random_uuid() WHERE public_id IS NULL`, in batches | row locks, a batch at a time |
| expand | `SET NOT NULL`, `ADD UNIQUE`, `ADD CHECK`, `ADD FOREIGN KEY`, each by its own rewrite | see there |

A serial gets its sequence with the column. An identity column is filled from a sequence of its own first,
and becomes an identity that goes on where that stopped, in one short transaction.

Undo: `DROP COLUMN`.

## Why it is right

Column and default appear in one transaction, so every row that is written from then on has a value;
the rows that were there before are those that hold NULL, and each is filled once. What a rerun after a
crash finds filled it leaves alone. The server calls a default for one row at a time, in any order and in many
sessions at once, so batches ask nothing of it that an application's inserts do not. Numbers from a sequence
follow the table's key; rows that the application writes meanwhile have theirs in between. A constraint is proved only after the last row has its value.

## Not for

Stored generated columns and domains with a constraint: the server computes them for every row at once,
whatever is said. They run as written, and the plan says so. Triggers fire for rows that are filled, as they do not
when the server rewrites the table; the plan names them.

Source: PostgreSQL manual, ALTER TABLE, "ADD COLUMN" and its notes on rewriting.
"""

from dataclasses import replace

from midair.dialects.postgresql.batches import filling
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import chosen, literal
from midair.dialects.postgresql.columns import ColumnParts, column_parts
from midair.dialects.postgresql.conversions import base_of
from midair.dialects.postgresql.effects.columns import is_rewriting
from midair.model.change import AddColumn
from midair.model.motion.naming import free_name
from midair.model.plan import Phase
from midair.model.schema import bare_name, beside
from midair.model.statement import Sql
from midair.rewriting.names import raw, temporary
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite

_INTEGERS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}


@rewrite("column-in-steps", AddColumn, answers=("MA111", "MA112", "MA114", "MA115", "MA116", "MA139"))
def column_in_steps(change: AddColumn, case: Case) -> Answer:
    table, column = case.table(change.table), change.column
    if not case.is_long or table is None:
        return None
    if column.generated == "stored":
        return Declined(
            "a stored generated column is computed for every row at once, so the table is rewritten"
        )
    if base_of(column.type, case.scene.schema)[1]:
        return Declined("the domain's check is made for every row at once, so the table is rewritten")
    parts = column_parts(case.sql)
    if parts is None:
        return Declined("its definition cannot be written in another form")
    if column.generated:
        return Declined("a generated column that may not be null is computed for every row")
    undo = (Sql(f"ALTER TABLE {change.table} DROP COLUMN IF EXISTS {column.name}"),)
    if column.identity:
        begun, ended = _identity(change, parts, case, undo)
    elif column.serial:
        begun, ended = _serial(change, parts, case, undo), ()
    else:
        begun, ended = _default(change, parts, case, undo), ()
    proof = f"ALTER TABLE {change.table} ALTER COLUMN {column.name} SET NOT NULL"
    required = column.not_null and not (
        parts.default is not None and not is_rewriting(change, case.scene.schema)
    )
    proofs = (Piece(proof, why="every row has a value now", again=True),) if required else ()
    rest = tuple(Piece(each, why="what stood behind the column", again=True) for each in parts.constraints)
    return (*begun, *proofs, *ended, *rest)


def _default(change: AddColumn, parts: ColumnParts, case: Case, undo: tuple[Sql, ...]) -> tuple[Piece, ...]:
    if parts.default is None:
        return (Piece(parts.bare, why="empty at first", undo=undo),)
    if not is_rewriting(change, case.scene.schema):
        words = (
            parts.bare + " DEFAULT " + _expression(change) + (" NOT NULL" if change.column.not_null else "")
        )
        return (Piece(words, why="with a value that is the same for every row", undo=undo),)
    return (
        Piece(parts.bare, why="empty at first", undo=undo),
        Piece(parts.default, why="new rows have a value from here on"),
        _filled(change, parts, case, _expression(change)),
    )


def _expression(change: AddColumn) -> str:
    return change.column.default.sql if change.column.default else "NULL"


def _filled(change: AddColumn, parts: ColumnParts, case: Case, expression: str) -> Piece:
    table, name = change.table, change.column.name
    sql = f"UPDATE {table} SET {name} = {expression} WHERE {name} IS NULL"
    why = "the rows that were there get their value"
    known = case.table(table)
    if known is not None and known.row_triggers:
        why += f"; {', '.join(sorted(known.row_triggers))} may fire for each"
    # The bare column: the schema after the whole statement may have it for its key, which no row has yet.
    schema = case.scene.after(changes_of(parts.bare)).schema
    made = filling(
        replace(case.statement, sql=sql), schema, case.scene.version, strict=change.column.not_null
    )
    if isinstance(made, str):
        return Piece(sql, why=why, phase=Phase.BACKFILL, again=True)
    why += f", in batches walked by {made.walks_by}"
    return Piece(sql, why=why, phase=Phase.BACKFILL, long=True, action=made)


def _serial(change: AddColumn, parts: ColumnParts, case: Case, undo: tuple[Sql, ...]) -> tuple[Piece, ...]:
    table, name = change.table, change.column.name
    wanted = chosen(raw(bare_name(table)), raw(name), label="seq")
    sequence = beside(table, free_name(case.scene.schema, table, wanted))
    kind = _INTEGERS[change.column.type.name]
    return (
        Piece(parts.bare, why="empty at first", undo=undo),
        Piece(f"CREATE SEQUENCE {sequence} AS {kind} OWNED BY {table}.{name}"),
        Piece(_next_by_default(table, name, sequence), why="new rows have a value from here on"),
        _filled(change, parts, case, _next(sequence)),
    )


def _identity(
    change: AddColumn, parts: ColumnParts, case: Case, undo: tuple[Sql, ...]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What begins it, and what ends it once every row has a value and the column is NOT NULL."""
    table, name = change.table, change.column.name
    sequence = beside(table, temporary("seq", table, name))
    kind = _INTEGERS[change.column.type.name]
    always = "ALWAYS" if change.column.identity == "always" else "BY DEFAULT"
    owned = f"pg_get_serial_sequence({literal(table)}, {literal(raw(name))})"
    begun = (
        Piece(f"CREATE SEQUENCE {sequence} AS {kind}", undo=(Sql(f"DROP SEQUENCE IF EXISTS {sequence}"),)),
        Piece(parts.bare, why="empty at first", undo=undo),
        Piece(_next_by_default(table, name, sequence), why="new rows have a value from here on"),
        _filled(change, parts, case, _next(sequence)),
    )
    ended = (
        Piece(f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"),
        Piece(
            f"ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED {always} AS IDENTITY",
            why="goes on where the helper sequence stopped",
        ),
        Piece(
            f"SELECT setval({owned}, {_next(sequence)}, false)",
        ),
        Piece(f"DROP SEQUENCE {sequence}", why="no longer needed"),
    )
    return begun, ended


def _next_by_default(table: str, column: str, sequence: str) -> str:
    return f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {_next(sequence)}"


def _next(sequence: str) -> str:
    return f"nextval({literal(sequence)})"

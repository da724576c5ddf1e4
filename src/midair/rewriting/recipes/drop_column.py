"""A column stays until the old application is gone, and no longer asks to be filled.

## As written

```sql
ALTER TABLE orders DROP COLUMN note;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand, where the column is NOT NULL and has no default | `ALTER TABLE orders ALTER COLUMN note DROP NOT NULL` | ACCESS EXCLUSIVE, milliseconds |
| expand | triggers that note when a statement last set the column | SHARE ROW EXCLUSIVE, milliseconds |
| contract, with `archive`, unless the table is published | the triggers go; `ALTER TABLE orders RENAME COLUMN note TO note__dead` | ACCESS EXCLUSIVE, milliseconds |
| contract | the triggers go; the statement as written | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | the triggers go; `ALTER TABLE orders ALTER COLUMN note SET NOT NULL`, by its own rewrite | as for `not-null-in-phases` |

## Why it is right

The new version leaves the column out of its INSERTs, the old one goes on reading and writing it. Rows that the new
version wrote hold the column's default, or NULL. The way back is refused while such a NULL is in a column that was NOT
NULL: only its author knows the value. The old application can be brought back meanwhile, the schema suits both.

Refused: a column of the primary key, one whose check or domain demands a value, and one with a constant default in a
unique key: the new version's second INSERT would fail.

Source: expand-contract.md §4.11.
"""

from midair.dialects.postgresql.changes.names import identifier
from midair.model.change import Column, ConstraintKind, DropColumn, Volatility
from midair.model.contract import Archive, Held, Need
from midair.model.effects import LockLevel
from midair.model.schema import Table
from midair.model.statement import Sql
from midair.rewriting import tripwire
from midair.rewriting.names import raw
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import ARCHIVED, Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case

_LONGEST = 63
_WAYS = "run it with --strategy direct in a window; or give the column a default, or drop what demands it, in a migration before"


@recipe("drop-column", DropColumn, answers=("MA201",))
def drop_column(change: DropColumn, case: Case) -> Answer:
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if table is None or column is None or (table.name, column.name) in case.scene.fresh:
        return None  # not there, or made by this plan: nobody else uses it
    listing = _listing(table, column, case)
    if listing is not None and not change.cascade:
        return NoWay(
            f"the publication {listing} lists {table.name}.{column.name}, and the server drops no such column",
            f"ALTER PUBLICATION {listing} SET TABLE … without it in a migration before",
        )
    demands = _demands(table, column, case)
    if demands is not None:
        return NoWay(f"INSERTs of the new version leave {table.name}.{column.name} out, and {demands}", _WAYS)
    name, only = table.name, ((table.name, LockLevel.ACCESS_EXCLUSIVE),)
    relax = column.not_null and not _fills_itself(column)
    set_again = f"ALTER TABLE {name} ALTER COLUMN {column.name} SET NOT NULL"
    loosen = f"ALTER TABLE {name} ALTER COLUMN {column.name} DROP NOT NULL"
    wire = tripwire.wire_of(name, column.name)
    made, dropped = tripwire.on_writes(table, column, wire)
    gone = (*dropped, tripwire.taken(wire))
    noting = "notes when the column was last written"
    expand = [Piece(each, why=noting) for each in (tripwire.laid(wire), *made)]
    dead = None if _is_published(name, case) else _dead_name(table, column)
    return Phases(
        expand=(*((Piece(loosen, why="the new version leaves the column out"),) if relax else ()), *expand),
        contract=(*gone, case.sql),
        locks=case.scene.locks(case.effects) or only,
        undo=(*gone, *((set_again,) if relax else ())),
        undo_locks=() if relax else only,
        wire=wire,
        archive=None
        if dead is None or change.cascade
        else Archive(
            statements=(*gone, f"ALTER TABLE {name} RENAME COLUMN {column.name} TO {dead}"),
            undo=(
                f"ALTER TABLE {name} RENAME COLUMN {dead} TO {column.name}",
                *((set_again,) if relax else ()),
            ),
            needs=(_empty(name, dead),) if relax else (),
            purge=(f"ALTER TABLE {name} DROP COLUMN {dead}",),
            locks=only,
        ),
        comes_back=f"the column without its values, by the downgrade{ARCHIVED if dead else ''}",
        undo_needs=(_empty(name, column.name),) if relax else (),
        summary=f"{name} still has the column {column.name}",
        holds=(Held(name, column.name),),
        reverses=f"add column {name}.{column.name}",
        verify=Need(_missing(name, column, relaxed=relax), f"{name}.{column.name} is not as it was left"),
        old=(name, column.name),
        cascades=change.cascade,
        notes=(
            f"contract takes {column.name} out of SELECT * {name}: one prepared before fails until it is prepared again",
        ),
    )


def _empty(table: str, column: str) -> Need:
    return Need(
        Sql(f"SELECT count(*) FROM {table} WHERE {column} IS NULL"),
        f"rows written since hold no value in {table}.{column}: UPDATE them to what the old application needs first",
    )


def _listing(table: Table, column: Column, case: Case) -> str | None:
    """A publication that names the column."""
    other = case.scene.stand_ins.get(table.name)
    published = other.publications if other is not None else ()
    return next((each.name for each in published if column.name in each.columns), None)


def _is_published(name: str, case: Case) -> bool:
    """Under another name it would be a column that the subscribers lack."""
    facts, other = case.scene.attached.get(name), case.scene.stand_ins.get(name)
    return bool((facts is not None and facts.publications) or (other is not None and other.publications))


def _dead_name(table: Table, column: Column) -> str | None:
    """A free name for the column that is put aside; `None` when there is none."""
    text = raw(column.name).encode()[: _LONGEST - 6].decode(errors="ignore") + "__dead"
    name = identifier(text)
    return None if table.column(name) is not None else name


def _fills_itself(column: Column) -> bool:
    return column.default is not None or column.identity is not None or column.generated is not None


def _demands(table: Table, column: Column, case: Case) -> str | None:
    """What refuses a row that leaves the column out, even when it may be NULL."""
    for each in table.constraints:
        if each.kind is ConstraintKind.PRIMARY_KEY and column.name in each.columns and not _differs(column):
            return "it is in the primary key"
        if column.name in each.proves_not_null and not _fills_itself(column):
            return f"the check {each.name} demands a value"
    kind = case.scene.schema.types.get(column.type.name)
    if kind is not None and kind.constrained and not _fills_itself(column):
        return f"its type {kind.name} may refuse NULL"
    constant = column.default is not None and not column.default.null and not _differs(column)
    unique = [each for each in table.indexes if each.unique and column.name in each.columns]
    if constant and unique:
        return f"its default would be there twice in {unique[0].name}"
    return None


def _differs(column: Column) -> bool:
    """Each row that leaves it out gets a value of its own."""
    volatile = column.default is not None and column.default.volatility in (
        Volatility.VOLATILE,
        Volatility.UNKNOWN,
    )
    return volatile or column.identity is not None or column.serial


def _missing(table: str, column: Column, *, relaxed: bool) -> Sql:
    """Counts 1 when the column is gone, or demands a value again that it was relieved of."""
    text = "SELECT 1 - count(*)::int FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped"
    return Sql(text + (" AND NOT attnotnull" if relaxed else ""), (table, raw(column.name)))

"""A column has a second one of the new name beside it, and a trigger keeps the two equal, where no view can stand in.

Some tables cannot have a view in their place: their row type is in use, a trigger says the old name, row security would be
passed by. Then the new name is a column of its own until the old application is gone.

## As written

```sql
ALTER TABLE orders RENAME COLUMN total TO amount;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the trigger's function is made, and run on a scratch copy | none |
| expand | `ALTER TABLE orders ADD COLUMN amount numeric`, its comment and grants, the trigger, and a tripwire that notes when the old name was last written | ACCESS EXCLUSIVE, milliseconds |
| backfill | the rows that were there, in batches | row locks, a batch at a time |
| expand | NOT NULL, indexes, checks, foreign keys, statistics, by their own rewrites; `ANALYZE` | see there |
| contract | trigger and function go, `DROP COLUMN total`, `amount` gets the default, what hangs on it the names | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | trigger and function go, `DROP COLUMN amount` | ACCESS EXCLUSIVE, milliseconds |

Refused, and so is the rename: columns of a unique key, for upserts fail on two of them; identity and serial columns; a column
that may be NULL and has another default, for NULL could not be told from nothing; tables published with all their columns.

## Why it is right

Which version wrote is seen from the row itself, byte for byte: a statement that changes the new column means it, any other
means the old one. One row, one lock: the two columns cannot drift apart or wait for each other.

The column stands at the table's end from then on.

Source: expand-contract.md §3.2–3.6, §4.2.
"""

from collections.abc import Iterator

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.attached import Attached
from midair.dialects.postgresql.batches import filled
from midair.dialects.postgresql.conversions import base_of
from midair.dialects.postgresql.facts import SINCE
from midair.model.backfill import Backfill
from midair.model.change import AddColumn, Column, RenameColumn
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import replace
from midair.model.intent import Way
from midair.model.plan import Phase
from midair.model.schema import Table, beside
from midair.model.statement import Sql
from midair.rewriting import tripwire
from midair.rewriting.carried import WAY, Carried, carried
from midair.rewriting.costs import told
from midair.rewriting.described import described
from midair.rewriting.names import raw, temporary
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import SCRATCH, Pair, function_name, trigger_name
from midair.rewriting.twinned import against_twin


@recipe("rename-column-by-copy", RenameColumn, answers=("MA301",))
def rename_column_by_copy(change: RenameColumn, case: Case) -> Answer:
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if table is None or column is None or (table.name, change.column) in case.scene.fresh:
        return None
    intent = case.statement.intent
    if intent is not None and intent.strategy is Way.BRIDGE:
        return NoWay(f"{intent.place} asks for a view", "say duplicate there, or nothing")
    facts = case.scene.attached.get(table.name)
    if facts is None or not table.known or column.name not in facts.columns:
        return NoWay(f"the catalog tells too little of {table.name}", WAY)
    against = against_twin(table, column, facts, case) or _against(table, column)
    if against is not None:
        return against
    things = carried(table.name, column.name, change.new_name, column.name, facts)
    trigger = trigger_name(column.name, facts.row_triggers)
    if isinstance(things, NoWay):
        return things
    if trigger is None:
        return NoWay(
            f"{table.name} has a trigger whose name comes after every name of midair's", "rename it first"
        )
    return _phases(table, column, change.new_name, facts, things, trigger, case)


def _against(table: Table, column: Column) -> NoWay | None:
    name = f"{table.name}.{column.name}"
    unique = [each for each in table.indexes if each.unique and column.name in each.mentions]
    if unique:
        return NoWay(
            f"{name} is in the unique index {unique[0].name}: upserts fail where two of them hold one value",
            WAY,
        )
    if column.identity or column.serial:
        return NoWay(f"{name} counts by itself, and two columns cannot", WAY)
    if column.default is not None and not column.default.null and not column.not_null:
        return NoWay(f"{name} may be NULL and has another default: nobody could tell NULL from nothing", WAY)
    return None


def _phases(
    table: Table,
    column: Column,
    new: str,
    facts: Attached,
    things: tuple[Carried, ...],
    trigger: str,
    case: Case,
) -> Answer:
    name, old = table.name, column.name
    only = ((name, LockLevel.ACCESS_EXCLUSIVE),)
    collation = f" COLLATE {column.collation}" if column.collation else ""
    added = f"ALTER TABLE {name} ADD COLUMN {new} {column.type}{collation}"
    pair = Pair(function_name("both", name, old), new, (old,), f"NEW.{old}", ((old, f"NEW.{new}"),))
    scene = case.scene.after((AddColumn(name, replace(column, name=new, default=None, not_null=False)),))
    copies = f"UPDATE {name} SET {new} = {old} WHERE {new} IS NULL AND {old} IS NOT NULL"
    fill = filled(replace(case.statement, sql=copies), scene.schema, scene.version, strict=True)
    if isinstance(fill, str):
        return NoWay(f"the rows of {name} cannot be filled in batches: {fill}", WAY)
    wire = tripwire.wire_of(name, old)
    noticing, noticed = tripwire.on_old_side(table, column, new, wire)
    ends = (
        *noticed,
        tripwire.taken(wire),
        f"DROP TRIGGER {trigger} ON {name}",
        f"DROP FUNCTION {pair.function}()",
    )
    begun = [added, *described(name, new, facts.columns[old]), pair.trigger(trigger, name)]
    begun += [tripwire.laid(wire), *noticing]
    if facts.subscribed:
        begun.append(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {trigger}")
    return Phases(
        expand=(
            *_function(table, column, added, pair, case),
            *(Piece(each, locks=only, why="every write fills both columns") for each in begun),
            *_filled(table, column, new, fill, things, case),
        ),
        contract=(*ends, *_contract(name, column, new, things, facts)),
        locks=tuple(
            (each, LockLevel.ACCESS_EXCLUSIVE)
            for each in sorted({name, *(one for each in things for one in each.tables)})
        ),
        undo=(*ends, f"ALTER TABLE {name} DROP COLUMN {new}"),
        undo_locks=only,
        summary=f"{name} has the column under both names, {old} and {new}",
        holds=(
            Held(name, old),
            Held(name, new),
            *(Held(beside(name, each.name)) for each in things if each.kind == "index"),
        ),
        # Its default comes with contract: until then only what is written to the old column tells which version wrote.
        grounds=(Ground(Held(name, new), name, name, sheds=True, defaults=False),),
        reverses=f"rename column {name}.{new} to {old}",
        verify=_equal(name, old, new, trigger),
        old=(name, old),
        wire=wire,
        comes_back="the old name, by the downgrade: it is renamed back",
        notes=(
            *filter(None, [told(case.scene, name, whole=False)]),
            f"{name}.{new} stands last in the table: SELECT *, COPY and INSERT without column names see another order",
        ),
    )


def _filled(
    table: Table, column: Column, new: str, fill: Backfill, things: tuple[Carried, ...], case: Case
) -> Iterator[Piece]:
    """The rows that were there, and what can be demanded of the new column once they are filled."""
    why = f"the rows that were there, in batches, walked by {fill.walks_by}"
    yield Piece(fill.statement.sql, why=why, phase=Phase.BACKFILL, long=True, action=fill)
    if column.not_null:
        yield Piece(_required(table.name, column, new, case), again=True, why="every row has a value")
    for each in things:
        yield Piece(each.made, again=each.valid, why=f"{raw(each.name)} for the new column")
    yield Piece(f"ANALYZE {table.name} ({new})", why="the planner knows the new column", long=True)


def _function(table: Table, column: Column, added: str, pair: Pair, case: Case) -> tuple[Piece, Piece]:
    """What keeps both columns equal, tried before a trigger calls it; `added` is the statement that makes the second."""
    scratch = compose.on_table(added, (SCRATCH,)) or added
    empties = not any(base_of(each.type, case.scene.schema)[1] for each in table.columns)
    return (
        Piece(pair.definition(), why=f"keeps {column.name} and {pair.new} equal"),
        Piece(
            pair.trial(table.name, scratch, kind=column.type.name, empties=empties),
            why="the function is run on a scratch copy before it is installed",
            long=True,
        ),
    )


def _required(name: str, column: Column, new: str, case: Case) -> str:
    if case.scene.version >= SINCE["not null constraint"]:
        return f"ALTER TABLE {name} ADD CONSTRAINT {temporary('nn', name, column.name)} NOT NULL {new}"
    return f"ALTER TABLE {name} ALTER COLUMN {new} SET NOT NULL"


def _contract(
    name: str, column: Column, new: str, things: tuple[Carried, ...], facts: Attached
) -> tuple[str, ...]:
    named = facts.columns[column.name].not_null
    not_null = f"ALTER TABLE {name} RENAME CONSTRAINT {temporary('nn', name, column.name)} TO {named}"
    leaving = (each.leaves(dropped=True) for each in reversed(things))
    default = column.default.sql if column.default is not None and not column.default.null else None
    return (
        *(each for each in leaving if each is not None),
        f"ALTER TABLE {name} DROP COLUMN {column.name}",
        *((f"ALTER TABLE {name} ALTER COLUMN {new} SET DEFAULT {default}",) if default else ()),
        *((not_null,) if named is not None else ()),
        *(sql for each in things for sql in each.enters(kept=False)),
    )


def _equal(name: str, old: str, new: str, trigger: str) -> Need:
    """Counts rows in which the columns differ, and the trigger that is missing."""
    text = (
        f"SELECT (SELECT count(*) FROM {name} WHERE ROW({old})::record *<> ROW({new})::record)"
        " + 1 - (SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s AND tgenabled IN ('O', 'A'))"
    )
    return Need(
        Sql(text, (name, raw(trigger))),
        f"{name}.{old} and {name}.{new} are not equal in every row, or their trigger is not as it was made",
    )

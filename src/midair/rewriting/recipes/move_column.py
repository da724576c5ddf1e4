"""A column moved to another table that is there already: until the old application is gone both hold it, and the old one is its home.

The guides' migration adds the column, copies the values, drops the old column. Taken one by one, what the old version
writes after the copy never gets to the new column, and what the new version writes there is lost to the old one.

## As written

```sql
ALTER TABLE profiles ADD COLUMN bio text;
UPDATE profiles p SET bio = u.bio FROM users u WHERE u.id = p.user_id;
ALTER TABLE users DROP COLUMN bio;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the functions are made, and run on scratch copies | none |
| expand | `ALTER TABLE profiles ADD COLUMN bio text`; triggers on both tables | ACCESS EXCLUSIVE on profiles, SHARE ROW EXCLUSIVE on users, milliseconds |
| backfill | the rows that were there, in batches, both rows locked while a value is copied | row locks, a batch at a time |
| expand | indexes, constraints and NOT NULL of the new column, by their own rewrites; `ANALYZE`; both are compared, row by row | see there |
| expand | `profiles` gets the name `profiles__base`, and a view that locks first takes its place | ACCESS EXCLUSIVE, milliseconds |
| expand | what `drop-column` does for the old column | see there |
| contract | view, triggers and functions go; `profiles` gets its name back | ACCESS EXCLUSIVE on both, milliseconds |
| contract | the old column goes, by `drop-column` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | view, triggers, functions and the new column go | ACCESS EXCLUSIVE on both, milliseconds |

## Why it is right

One home for every value, the old column: what either version writes is there, so the way back has nothing to bring back. A
trigger on users writes it on to profiles; what the new version writes in profiles is written home by another, in the
same transaction. A row of profiles that leaves the column out has its user's value; one that says NULL has none.

Whoever writes a value holds two rows, so all take the user's first, or two of them could wait for each other. The old version does
so anyway. The new one works through a view whose condition locks the user's row of each row that a statement sets the
column of; reads, and writes of other columns, lock nothing more. The statement is the server's own, not a trigger in its
place: it waits, looks again and computes again as READ COMMITTED does, so that no increment is lost.

A transaction that locks a row of profiles by itself (`FOR UPDATE`, or a write of another column) and then
writes the value, or its user, can still meet one of the old version's that writes the same value, and the server ends one of them.

Until contract profiles is a view: no COPY into it, no TRUNCATE, MERGE only from PostgreSQL 17. A row deleted from profiles leaves
its user's value alone. What users without a row of profiles have in the old column goes at contract, as written.

Refused: a join by no key of users, several rows of profiles for one user, rows of profiles without a user (NOT NULL and a valid
foreign key say that there are none); values that are computed, of another type, or not dropped; what users does not
demand; and where a view cannot take the place of profiles, as for `rename-column`.

Source: expand-contract.md §4.14, §3.2, §3.4; PostgreSQL manual, "Overview of Trigger Behavior", "Updatable Views".
"""

from collections.abc import Iterator

from midair.dialects.postgresql.batch_copies import copying
from midair.dialects.postgresql.batch_keys import walking_key
from midair.dialects.postgresql.batch_moves import Carry
from midair.dialects.postgresql.conversions import base_of
from midair.model.backfill import Backfill
from midair.model.change import AddColumn
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import replace
from midair.model.plan import Phase
from midair.model.schema import Table, bare_name
from midair.model.statement import Sql
from midair.rewriting.bridge import Bridge, base_name, bridge_for, writable
from midair.rewriting.move import Move
from midair.rewriting.move_trial import tried
from midair.rewriting.moving import Gathered, gathered, move_of
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import ARCHIVED, Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.splitting import WAYS
from midair.rewriting.syncing import refusal

_Locks = tuple[tuple[str, LockLevel], ...]


@recipe("move-column", AddColumn)
def move_column(change: AddColumn, case: Case) -> Answer:
    found = gathered(change, case)
    table = case.table(change.table)
    home = case.table(found.home) if found is not None else None
    if found is None or table is None or home is None:
        return None  # no move, or this plan made one of the tables: nobody else writes it
    move = move_of(table, home, found, case)
    if isinstance(move, NoWay):
        return move
    bridge = bridge_for(table, case)
    if isinstance(bridge, NoWay):
        return bridge
    base = base_name(table.name, case)
    if base is None:
        return NoWay(f"there is a {bare_name(table.name)}__base already", "drop or rename it")
    fill = _filled(table, move, case)
    return fill if isinstance(fill, NoWay) else _phases(home, move, bridge, base, found, fill, case)


def _filled(table: Table, move: Move, case: Case) -> Piece | NoWay:
    key = walking_key(table)
    if not key:
        return NoWay(f"{table.name} has no key by which its rows can be walked", WAYS)
    spot = table.name if len(raw_path(table.name)) > 1 else f"public.{table.name}"
    part = copying(Carry(spot, move.spots.home, key, move.keys, move.values))
    statement = replace(case.statement, sql=move.filled())
    fill = Backfill("UPDATE", table.name, statement, (part,), strict=True)
    why = f"the rows that were there, in batches, walked by {fill.walks_by}"
    return Piece(move.filled(), why=why, phase=Phase.BACKFILL, long=True, action=fill)


def _phases(
    home: Table, move: Move, bridge: Bridge, base: str, found: Gathered, fill: Piece, case: Case
) -> Phases:
    name, behind = bridge.table.name, move.behind(base)
    both = tuple((each, LockLevel.ACCESS_EXCLUSIVE) for each in (name, home.name))
    closed = ((base, LockLevel.ACCESS_EXCLUSIVE), *both)
    gone = (
        f"DROP VIEW {name}",
        *(f"DROP TRIGGER {trigger} ON {table}" for trigger, table, _ in behind.triggers()),
    )
    renamed = f"ALTER TABLE {base} RENAME TO {bare_name(name)}"
    moved = ", ".join(each.name for each in move.columns)
    return Phases(
        expand=(
            *_begins(home, move, case),
            fill,
            *(Piece(each.sql, again=True, why=f"said of {name}") for each in found.said),
            *_proves(move),
            *(Piece(each, locks=((name, LockLevel.ACCESS_EXCLUSIVE),), why=f"{name} locks {home.name} first", fixed=True)
              for each in _exchanged(move, behind, bridge, base)),
        ),
        contract=(
            *gone,
            *(f"ALTER TABLE {base} ALTER COLUMN {each.name} {_default(each.default)}" for each in move.columns),
            *move.gone,
            renamed,
        ),
        locks=closed,
        undo=(
            *gone,
            *(f"ALTER TABLE {base} DROP COLUMN {each.name}" for each in move.columns),
            *move.gone,
            renamed,
        ),
        undo_locks=closed,
        summary=f"{name} has {moved}, whose home is still {home.name}",
        holds=(Held(name), Held(base), *(Held(home.name, own) for _, own in move.values)),
        reverses=f"drop column {name}.{moved}" if len(move.columns) == 1 else "",
        verify=_verified(behind, name, base),
        comes_back=f"the columns and their values, by the downgrade's own copy{ARCHIVED}",
        additive=True,
        takes=found.takes,
        notes=tuple(_notes(name, home, moved)),
    )  # fmt: skip


def _begins(home: Table, move: Move, case: Case) -> Iterator[Piece]:
    """The functions, their trial, the columns, and the triggers that keep both tables in step from here on."""
    name = move.spots.target
    for sql in (move.arrivals(), *move.functions(), *move.fixed_functions(), *move.granted()):
        yield Piece(sql, why=f"keeps {name} and {home.name} in step")
    table = case.scene.schema.known_or_stub(name)
    empties = not any(base_of(each.type, case.scene.schema)[1] for each in (*home.columns, *table.columns))
    why = "the functions are run on scratch copies before they are installed"
    yield Piece(tried(move, home, empties=empties), why=why, long=True)
    only: _Locks = ((name, LockLevel.ACCESS_EXCLUSIVE), (home.name, LockLevel.SHARE_ROW_EXCLUSIVE))
    always = case.scene.attached[home.name].subscribed
    triggers = move.triggers()
    enabled = (f"ALTER TABLE {home.name} ENABLE ALWAYS TRIGGER {triggers[0][0]}",) if always else ()
    made = (
        *(each.added for each in move.columns),
        *move.defaults(),
        *(sql for _, _, sql in triggers),
        *enabled,
    )
    for sql in made:
        yield Piece(sql, locks=only, why="every write gets to both tables from here on")


def _proves(move: Move) -> Iterator[Piece]:
    at, names = move.spots, ", ".join(each.name for each in move.columns)
    yield Piece(f"ANALYZE {at.target} ({names})", why="the planner knows the new column", long=True)
    hint = "look for rows written past triggers, then run `midair resume`"
    differs = refusal(f"({move.unequal()}) > 0", f"{at.target} is not what {at.home} says", hint)
    yield Piece(f"DO $midair$ BEGIN {differs}; END $midair$", why="both hold the same, row by row", long=True)


def _exchanged(move: Move, behind: Move, bridge: Bridge, base: str) -> Iterator[str]:
    """The view in the table's place; the functions then name the table behind it."""
    name, names = bridge.table.name, [each.name for each in bridge.table.columns]
    columns = [(each, each) for each in (*names, *(each.name for each in move.columns))]
    yield f"ALTER TABLE {name} RENAME TO {bare_name(base)}"
    yield from behind.functions()
    yield from bridge.statements(name, columns, base, condition=move.condition)


def _default(default: str) -> str:
    return f"SET DEFAULT {default}" if default else "DROP DEFAULT"


def _verified(behind: Move, view: str, base: str) -> Need:
    triggers = behind.triggers()
    marks = ", ".join("%s" for _ in triggers)
    there = writable(view, base)
    text = (
        f"SELECT ({behind.unequal()}) + ({there.text}) + {len(triggers)} - (SELECT count(*) FROM pg_trigger"
        f" WHERE tgrelid IN (to_regclass(%s), to_regclass(%s)) AND tgname IN ({marks}) AND tgenabled IN ('O', 'A'))"
    )
    values = (*there.parameters, behind.spots.home, base, *(raw(each) for each, _, _ in triggers))
    why = f"{view} is not what {behind.spots.home} says in every row, or its view or triggers are not as they were made"
    return Need(Sql(text, values), why)


def _notes(name: str, home: Table, moved: str) -> Iterator[str]:
    yield f"until contract {name} is a view over {name}__base: no COPY into it, no TRUNCATE"
    yield f"rows of {home.name} without one of {name} lose {moved} at contract, as the migration says"
    yield (
        f"a transaction that locks a row of {name} and only then writes {moved}, or its row of {home.name}, may meet a write of the old"
        " version's in a deadlock, of which the server ends one"
    )

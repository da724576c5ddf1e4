"""A table split in two: until the old application is gone the new table is a view over the old one's columns.

The guides' migration makes the new table, copies the columns, drops them from the old one. Taken one by one, what the old
version writes after the copy never gets to the new table, and what the new version writes there is lost to the old one.

## As written

```sql
CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text NOT NULL);
INSERT INTO profiles (user_id, bio) SELECT id, bio FROM users WHERE bio IS NOT NULL;
ALTER TABLE users DROP COLUMN bio;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | the table is made as `midair.profiles`, with its indexes, comments and grants | SHARE ROW EXCLUSIVE on users for its foreign key, milliseconds |
| expand | the functions are made, and run on scratch copies | none |
| expand | a trigger on users writes `midair.profiles`, one way | SHARE ROW EXCLUSIVE, milliseconds |
| backfill | the rows that were there, in batches, each locked while it is copied | row locks, a batch at a time |
| expand | `ANALYZE`; both are compared, row by row | none |
| expand | the view `profiles` over users, with triggers in place of INSERT and DELETE | none |
| expand | what `drop-column` does for the columns | see there |
| contract | view, trigger and functions go; `ALTER TABLE midair.profiles SET SCHEMA public` | ACCESS EXCLUSIVE on users, milliseconds |
| contract | the columns go, by `drop-column` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | view, trigger, functions and `midair.profiles` go | ACCESS EXCLUSIVE on users, milliseconds |

## Why it is right

One home for every value, the old table's row: both versions write it, so the two cannot wait for each other, and the way
back has nothing to bring back. An UPDATE through the view is the server's own, on that row, with everything that READ
COMMITTED does for two writers that meet. An INSERT gives a row of users its values, a DELETE takes them away again.

Which rows of users have one of profiles is said by the copy's WHERE, and by NOT NULL columns of the new table: a row of users
without a value there has none. Where neither says anything every row has one: then an INSERT finds it there, and a DELETE
leaves it without values. `plan` says which it is.

A key that the new table gives itself (serial, identity, a drawn uuid) has the old table's value until contract: unique as it
is, and nobody has seen another. From then on it counts by itself.

The new version cannot use `ON CONFLICT` with a target or MERGE on the view (the server refuses both), TRUNCATE it, or refer
to it by a foreign key, and not change its key, until contract.

Refused: a new table with columns that come from nowhere in the old one, of another type, or not all dropped there; with checks,
keys or foreign keys that the old table does not have; one whose key is not the old table's.

Source: expand-contract.md §4.12, §3.2. Measured on PostgreSQL 18: of 2 000 increments of one row by four writers, 407 were lost through a view
whose UPDATE a trigger stands in for, none through this one.
"""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.conversions import base_of
from midair.dialects.postgresql.copies import copy_of, grants, is_about, said_of
from midair.model.backfill import Backfill
from midair.model.change import Change, CreateTable, DropColumn
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.plan import Phase
from midair.model.schema import Table, bare_name
from midair.model.statement import Sql
from midair.rewriting.backfilled import copied
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.split import Split
from midair.rewriting.splitting import Found, against, split_of
from midair.rewriting.syncing import literal, refusal


@recipe("split-table", CreateTable)
def split_table(change: CreateTable, case: Case) -> Answer:
    found = _found(change, case)
    if found is None or isinstance(found, NoWay):
        return found
    home = case.table(found.copy.source)
    if home is None:
        return None  # this plan made it: nobody else writes it
    reason = against(change, home, found, case)
    if reason is not None:
        return reason
    split = split_of(change, home, found, case)
    return split if isinstance(split, NoWay) else _phases(change, home, split, found, case)


def _found(change: CreateTable, case: Case) -> Found | NoWay | None:
    """The copy behind the table, where what is copied is dropped later in the same migration."""
    if change.table in case.scene.schema.tables:
        return None
    copies = ((number, copy_of(each.sql)) for number, each in enumerate(case.following))
    copied = ((number, copy) for number, copy in copies if copy is not None and copy.into == change.table)
    place, copy = next(copied, (0, None))
    if copy is None:
        return None
    takes = place + 1
    while takes < len(case.following) and is_about(case.following[takes].sql, change.table):
        takes += 1
    rest = [part for each in case.following[takes:] for part in changes_of(each.sql)]
    drops = frozenset(_dropped(rest, copy.source)).intersection(copy.sources)
    if not drops:
        return None
    said = tuple(each for number, each in enumerate(case.following[:takes]) if number != place)
    other = next((each for each in said if not is_about(each.sql, change.table)), None)
    if other is not None:
        why = f"is split off {copy.source}, and {other.span} stands between it and its rows"
        return NoWay(
            why, f"put CREATE TABLE {change.table}, what belongs to it and its copy one behind the other"
        )
    return Found(copy, said, takes, drops)


def _dropped(changes: Sequence[Change], table: str) -> Iterator[str]:
    for each in changes:
        if isinstance(each, DropColumn) and each.table == table:
            yield each.column


def _phases(change: CreateTable, home: Table, split: Split, found: Found, case: Case) -> Answer:
    at, name, path = split.places, home.name, ("midair", raw(bare_name(change.table)))
    said = [(each.sql, said_of(each.sql, change.table, path)) for each in (case.statement, *found.said)]
    unsaid = next((sql for sql, text in said if text is None), None)
    if unsaid is not None:
        why = f"`{' '.join(unsaid.split())[:60]}` cannot be said of the table while it waits"
        return NoWay(why, "put it into a later migration")
    fill = copied(case.statement, home, at.mirror, split.everything, split.present)
    if isinstance(fill, NoWay):
        return fill
    schema = raw_path(change.table)[0] if len(raw_path(change.table)) > 1 else "public"
    triggers = tuple(f"DROP TRIGGER {each} ON {name}" for each in split.triggers)
    functions = tuple(f"DROP FUNCTION {each}()" for each in (at.mirroring, at.putting, at.clearing))
    both = ((change.table, LockLevel.ACCESS_EXCLUSIVE), (name, LockLevel.ACCESS_EXCLUSIVE))
    moved = ", ".join(own for _, own in split.values)
    return Phases(
        expand=(
            *(Piece(text or "", why=f"{change.table} as it will be, out of the way") for _, text in said),
            *_begins(home, split, case),
            _filled(fill),
            *_proves(home, split),
            *(
                Piece(each, why=f"{change.table} for the new version, over {name}")
                for each in (split.view(), *split.view_parts(), *(sql for sql, _ in said if grants(sql)))
            ),
        ),
        contract=(
            *triggers,
            _granted(change.table, at.mirror),
            f"DROP VIEW {change.table}",
            *functions,
            f"ALTER TABLE {at.mirror} SET SCHEMA {identifier(schema)}",
            *_counts_on(change, split),
        ),
        locks=both,
        undo=(*triggers, f"DROP VIEW {change.table}", *functions, f"DROP TABLE {at.mirror}"),
        undo_locks=both,
        summary=f"{change.table} is a view over {name}, whose {moved} both versions write",
        holds=(Held(change.table), *(Held(name, own) for _, own in split.values)),
        reverses=f"drop table {change.table}",
        verify=_verified(split),
        comes_back="the columns and their values, by the downgrade's own copy",
        additive=True,
        takes=found.takes,
        notes=tuple(_notes(change, home, split)),
    )


def _begins(home: Table, split: Split, case: Case) -> Iterator[Piece]:
    """The functions, their trial, and the triggers that write the new table from here on."""
    only = ((home.name, LockLevel.SHARE_ROW_EXCLUSIVE),)
    for each in (split.mirroring(), split.putting(), split.clearing()):
        yield Piece(each, why=f"{split.name} follows {home.name}")
    empties = not any(base_of(each.type, case.scene.schema)[1] for each in home.columns)
    tried = "the functions are run on scratch copies before they are installed"
    yield Piece(split.trial(home, empties=empties), why=tried, long=True)
    always = split.triggers if case.scene.attached[home.name].subscribed else ()
    enabled = (f"ALTER TABLE {home.name} ENABLE ALWAYS TRIGGER {each}" for each in always)
    for each in (*split.made_triggers(), *enabled):
        yield Piece(each, locks=only, why=f"every write of {home.name} is written there too")


def _filled(fill: Backfill) -> Piece:
    why = f"the rows that were there, in batches, walked by {fill.walks_by}"
    return Piece(fill.statement.sql, why=why, phase=Phase.BACKFILL, long=True, action=fill)


def _proves(home: Table, split: Split) -> Iterator[Piece]:
    at = split.places
    yield Piece(f"ANALYZE {at.mirror}", why="the planner knows the new table", long=True)
    hint = "look for rows written past triggers, then run `midair resume`"
    differs = refusal(f"({split.unequal()}) > 0", f"{at.mirror} is not what {home.name} says", hint)
    yield Piece(f"DO $midair$ BEGIN {differs}; END $midair$", why="both hold the same, row by row", long=True)


def _notes(change: CreateTable, home: Table, split: Split) -> Iterator[str]:
    yield (
        f"until contract {change.table} is a view over {home.name}: the new version may read, INSERT, UPDATE and DELETE, but not"
        " name a target of ON CONFLICT, MERGE, TRUNCATE it, change its key, or refer to it by a foreign key"
    )
    for name, own in split.counted:
        yield f"{change.table}.{name} is {home.name}.{own} in the rows that are there at contract, and counts on from there"
    if split.condition:
        yield f"{home.name} has a row of {change.table} where {split.condition}"
    else:
        yield (
            f"every row of {home.name} has one of {change.table}: until contract an INSERT finds it there, and a DELETE leaves it"
            " without values; say by a WHERE of the copy, or by NOT NULL, which have none"
        )


def _counts_on(change: CreateTable, split: Split) -> Iterator[str]:
    """The new table's own numbers go on behind those that are there."""
    table, own = change.table, {name for name, _ in split.counted}
    for each in change.columns:
        if each.name in own and (each.serial or each.identity):
            sequence = f"pg_get_serial_sequence({literal(table)}, {literal(raw(each.name))})"
            last = f"max({each.name})"
            yield f"SELECT setval({sequence}, greatest({last}, 1), {last} IS NOT NULL) FROM {table}"


def _verified(split: Split) -> Need:
    rows, emptied = (raw(each) for each in split.triggers)
    text = (
        f"SELECT ({split.unequal()}) + 2 - (SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
        " AND tgname IN (%s, %s) AND tgenabled IN ('O', 'A'))"
    )
    return Need(
        Sql(text, (split.places.home, rows, emptied)),
        f"{split.places.mirror} is not what {split.places.home} says in every row, or its triggers are not as they were made",
    )


def _granted(view: str, table: str) -> str:
    """What was granted on the view meanwhile, by default or by hand, holds for the table."""
    return (
        "DO $midair$ DECLARE given record; BEGIN FOR given IN SELECT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS who,"
        " acl.privilege_type AS what, CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS more"
        f" FROM pg_class, aclexplode(relacl) AS acl WHERE oid = '{view.replace(chr(39), chr(39) * 2)}'::regclass AND acl.grantee <> relowner"
        f" LOOP EXECUTE format('GRANT %s ON TABLE {table.replace('%', '%%')} TO %s%s', given.what, given.who, given.more); END LOOP; END $midair$"
    )

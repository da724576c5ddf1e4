"""Whether columns can be moved to another table: how its rows belong to the home's, and what it may demand of them."""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.conversions import base_of
from midair.dialects.postgresql.copies import alters, is_about, speaks_of
from midair.dialects.postgresql.moves import Moved, Unclear, all_same, moved_by
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Change,
    ConstraintKind,
    CreateIndex,
    DropColumn,
    SetNotNull,
    Update,
    Volatility,
)
from midair.model.frozen import frozen
from midair.model.schema import Table, bare_name
from midair.model.statement import Statement
from midair.rewriting.move import Move, MovedColumn, Spots
from midair.rewriting.names import raw
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.splitting import WAYS, is_met, is_unique
from midair.rewriting.syncing import function_name, trigger_name


@frozen
class Added:
    """A column that is added, and the statement that does."""

    change: AddColumn
    sql: str


@frozen
class Gathered:
    """What belongs to a move: the columns, the copies, what else is said of the target, how many statements that are.

    `drops` are the columns that `home` loses afterwards.
    """

    home: str
    adds: tuple[Added, ...]
    updates: tuple[Statement, ...]
    said: tuple[Statement, ...]
    takes: int
    drops: frozenset[str]


def gathered(change: AddColumn, case: Case) -> Gathered | None:
    """The move that begins here; `None` where nothing fills the column from a table that loses columns later."""
    adds, updates, said, takes = [Added(change, case.sql)], list[Statement](), list[Statement](), 0
    for each in case.following:
        more = list(_added(each, change.table))
        parts = changes_of(each.sql)
        if more:
            adds += more
        elif len(parts) == 1 and _copies(parts[0], adds):
            updates.append(each)
        elif is_about(each.sql, change.table):
            said.append(each)
        else:
            break
        takes += 1
    parts = [part for each in updates for part in changes_of(each.sql)]
    mine = [part for part in parts if isinstance(part, Update) and _fills(part, change)]
    reads = {name for part in mine for name in part.reads or ()}
    later = [part for each in case.following[takes:] for part in changes_of(each.sql)]
    drops = {(part.table, part.column) for part in later if isinstance(part, DropColumn)}
    home = next((name for name in sorted(reads) if any(name == table for table, _ in drops)), None)
    if home is None or home == change.table:
        return None
    gone = frozenset(column for table, column in drops if table == home)
    return Gathered(home, tuple(adds), tuple(updates), tuple(said), takes, gone)


def _added(statement: Statement, table: str) -> Iterator[Added]:
    """The columns that a statement adds, where it does nothing else."""
    texts = compose.actions_of(statement.sql) or ()
    parts = [changes_of(each) for each in texts]
    found = [
        part for (part, *more) in parts if not more and isinstance(part, AddColumn) and part.table == table
    ]
    if texts and len(found) == len(texts):
        yield from (Added(part, sql) for part, sql in zip(found, texts, strict=True))


def _copies(part: Change, adds: Sequence[Added]) -> bool:
    return isinstance(part, Update) and any(_fills(part, each.change) for each in adds) and bool(part.reads)


def _fills(part: Change, change: AddColumn) -> bool:
    return isinstance(part, Update) and part.table == change.table and change.column.name in part.sets


def move_of(table: Table, home: Table, found: Gathered, case: Case) -> Move | NoWay:
    """The move as the statements say it, or why none can be."""
    for check in (_tables(table, home, case), _words(table, found, case)):
        if check is not None:
            return check
    said = _said(found, case)
    if isinstance(said, NoWay):
        return said
    for check in (
        _belongs(table, home, said),
        _columns(table, home, found, said, case),
        _demand(home, found, said),
    ):
        if check is not None:
            return check
    facts = case.scene.attached[table.name]
    trigger = trigger_name(found.adds[0].change.column.name, facts.row_triggers)
    if trigger is None:
        return NoWay(
            f"{table.name} has a trigger whose name comes after every name of midair's", "rename it first"
        )
    kinds, own_kinds = ({each.name: str(each.type) for each in one.columns} for one in (table, home))
    columns = tuple(_moved_columns(home, found, said))
    names = [identifier(f"{raw(bare_name(table.name))}_{raw(each.name)}") for each in columns]
    follow, fetch, carry, mark, lock = (
        function_name(each, home.name, names[0]) for each in ("follow", "fetch", "carry", "mark", "lock")
    )
    omitted = tuple(function_name("omitted", home.name, each) for each in names)
    arrived = function_name("arrived", home.name, names[0])
    spots = Spots(home.name, table.name, arrived, follow, fetch, carry, mark, lock, omitted)
    return Move(
        table.name,
        spots,
        said.keys,
        tuple(kinds[name] for name, _ in said.keys),
        tuple(own_kinds[own] for _, own in said.keys),
        columns,
        trigger,
    )


def _moved_columns(home: Table, found: Gathered, said: Moved) -> Iterator[MovedColumn]:
    own = dict(said.columns)
    for each in found.adds:
        column = each.change.column
        default = column.default.sql if column.default is not None and not column.default.null else ""
        required = column.name in _required(found)
        yield MovedColumn(column.name, own[column.name], str(column.type), each.sql, default, required)


def _tables(table: Table, home: Table, case: Case) -> NoWay | None:
    """What keeps triggers of midair's from keeping the two tables in step."""
    for each in (table, home):
        facts = case.scene.attached.get(each.name)
        if facts is None or each.name not in case.scene.bridging or not each.known:
            return NoWay(f"the catalog tells too little of {each.name}", WAYS)
        if not facts.plain or each.kind != "table":
            return NoWay(f"{each.name} is partitioned, or takes part in inheritance", WAYS)
    if case.scene.bridging[home.name].row_security:
        return NoWay(f"{home.name} has row security, which what the new version writes would pass by", WAYS)
    return None


def _words(table: Table, found: Gathered, case: Case) -> NoWay | None:
    """A statement about the target that cannot be done with it."""
    altered = [part for each in found.said if alters(each.sql) for part in changes_of(each.sql)]
    if not all(isinstance(each, AddConstraint | SetNotNull) for each in altered):
        why = f"{table.name} is altered by more than constraints and NOT NULL"
        return NoWay(why, "say it with ADD COLUMN, or in a later migration")
    later = next((each for each in case.following[found.takes :] if speaks_of(each.sql, table.name)), None)
    if later is not None:
        why = f"{later.span} speaks of {table.name} again"
        return NoWay(why, f"put it before what drops columns of {found.home}, or into a later migration")
    inline = next(
        (each.change for each in found.adds if each.change.constraints or each.change.indexes), None
    )
    if inline is not None:
        why = f"ADD COLUMN {inline.column.name} has a constraint of its own"
        return NoWay(why, "say it in a statement behind the UPDATE")
    return None


def _said(found: Gathered, case: Case) -> Moved | NoWay:
    """The copies as one."""
    schema = case.scene.schema
    for each in found.adds:
        schema = schema.after(each.change)
    moves: list[Moved] = []
    for each in found.updates:
        try:
            moves.append(moved_by(each.sql, schema))
        except Unclear as why:
            return NoWay(
                f"its UPDATE {why}: nobody could tell how what the new version writes gets home", WAYS
            )
    one = all_same(moves)
    if one is None:
        return NoWay("its UPDATEs take rows of several tables, or by several keys", WAYS)
    names = [name for name, _ in one.columns]
    missing = [each.change.column.name for each in found.adds if each.change.column.name not in names]
    if missing:
        way = f"put ADD COLUMN {missing[0]} into a migration before"
        return NoWay(f"{missing[0]}, added beside them, is not moved", way)
    if set(names) - {each.change.column.name for each in found.adds}:
        return NoWay("its UPDATE sets columns that were there before", "let an UPDATE of its own do that")
    if len(set(names)) < len(names) or len({own for _, own in one.columns}) < len(names):
        return NoWay("two of the columns have one home, or one has two", WAYS)
    return one


def _belongs(table: Table, home: Table, said: Moved) -> NoWay | None:
    """What is wrong with the key: each row of the target needs its own one of the home, for as long as it is there."""
    mine, theirs = (
        (set(each) for each in zip(*said.keys, strict=True)) if said.keys else (set[str](), set[str]())
    )
    own = dict(said.keys)
    if not theirs or not is_unique(home, {each: each for each in theirs}, set(), sorted(theirs), plain=True):
        why = f"a row of {table.name} may match several of {home.name}: no unique key is what they are joined by"
        return NoWay(why, f"join them by a key of {home.name}")
    if not is_unique(table, {each: each for each in mine}, set(), sorted(mine), plain=True):
        why = f"several rows of {table.name} may belong to one of {home.name}: nobody could tell which one's value gets home"
        return NoWay(why, f"add a unique key on {table.name} ({', '.join(sorted(mine))}) before; or {WAYS}")
    nullable = next((each for each in table.columns if each.name in mine and not each.not_null), None)
    primary = home.primary_key.columns if home.primary_key is not None else ()
    foreign = any(
        each.kind is ConstraintKind.FOREIGN_KEY and each.references == home.name and each.valid and each.enforced
        and not each.deferrable and set(each.columns) == mine
        and dict(zip(each.columns, each.referenced_columns or primary, strict=False)) == own
        for each in table.constraints
    )  # fmt: skip
    if nullable is not None or not foreign:
        why = f"a row of {table.name} may have none of {home.name}: what the new version writes there would have no home"
        way = f"make {', '.join(sorted(mine))} NOT NULL, with a valid foreign key to {home.name}, in a migration before"
        return NoWay(why, f"{way}; or {WAYS}")
    return None


def _columns(table: Table, home: Table, found: Gathered, said: Moved, case: Case) -> NoWay | None:
    """A column whose type or kind keeps it from being the home's."""
    own, keys = dict(said.columns), {name for _, name in said.keys}
    for each in found.adds:
        theirs, mine = each.change.column, home.column(own[each.change.column.name])
        names = f"{table.name}.{theirs.name}", f"{home.name}.{own[theirs.name]}"
        if mine is None or mine.name in keys or mine.name not in found.drops:
            return NoWay(f"{names[1]} stays, and is copied: it would have two homes", WAYS)
        counts = (
            theirs.identity,
            theirs.generated,
            theirs.serial,
            mine.identity,
            mine.generated,
            mine.serial,
        )
        if any(counts) or each.change.if_not_exists:
            return NoWay(f"{names[0]} or {names[1]} counts, is generated, or may be there already", WAYS)
        if theirs.type != mine.type or theirs.collation != mine.collation:
            why = f"{names[0]} is {theirs.type}, and {names[1]} is {mine.type}"
            return NoWay(why, "change the type in a migration before or after")
        if base_of(mine.type, case.scene.schema)[1]:
            return NoWay(f"the type of {names[1]} may refuse NULL", WAYS)
        default = theirs.default if theirs.default is not None and not theirs.default.null else None
        if default is not None and default.volatility is not Volatility.IMMUTABLE:
            return NoWay(f"{names[0]} has a default that is no constant", "set it in a later migration")
        if default is not None and said.partly:
            return NoWay(
                f"{names[0]} has a default, which the UPDATE leaves in some rows", "let it copy all rows"
            )
        required = theirs.name in _required(found)
        if required and not mine.not_null:
            way = f"make {mine.name} NOT NULL in a migration before, or {theirs.name} in a later one"
            return NoWay(f"{names[1]} may be NULL, and {names[0]} may not", way)
        if mine.not_null and mine.default is not None and not required:
            way = f"make {theirs.name} NOT NULL too, or let {mine.name} be NULL in a migration before"
            return NoWay(f"{names[0]} may be NULL, and {names[1]} may not", way)
    return None


def _required(found: Gathered) -> frozenset[str]:
    parts = [part for each in found.said for part in changes_of(each.sql)]
    later = {part.column for part in parts if isinstance(part, SetNotNull)}
    return frozenset(later | {each.change.column.name for each in found.adds if each.change.column.not_null})


def _demand(home: Table, found: Gathered, said: Moved) -> NoWay | None:
    """A constraint on a moved column that the home does not have: the old version's writes would fail by it."""
    own = dict((*said.keys, *said.columns))
    moved, key = {name for name, _ in said.columns}, {name for name, _ in said.keys}
    parts = [part for each in found.said for part in changes_of(each.sql)]
    added = [part.constraint for part in parts if isinstance(part, AddConstraint)]
    unmet = [each.name for each in added if moved & set(each.columns) and not is_met(home, own, key, each)]
    for index in (part.index for part in parts if isinstance(part, CreateIndex) and part.index.unique):
        if moved & set(index.mentions) and not is_unique(home, own, key, index.columns, plain=index.plain):
            unmet.append(index.name)
    if not unmet:
        return None
    return NoWay(f"{home.name} does not have what {unmet[0]} demands", "add it in a later migration")

"""Whether a table can be split by a view over the old one: how the columns belong together, and what the new table may demand."""

from collections.abc import Mapping, Sequence

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.conversions import never_fails
from midair.dialects.postgresql.copies import Copy, alters, speaks_of
from midair.model.change import (
    AddConstraint,
    Column,
    Constraint,
    ConstraintKind,
    CreateIndex,
    CreateTable,
    SetNotNull,
    Volatility,
)
from midair.model.frozen import frozen
from midair.model.schema import Table, bare_name
from midair.model.statement import Statement
from midair.rewriting.names import raw
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.split import Places, Split
from midair.rewriting.syncing import function_name

WAYS = (
    "let the new version write both places and drop the old one in a later migration;"
    " or run it with --strategy direct in a window in which the application is down"
)
RESERVED = frozenset(
    [
        "archive", "backfill", "backfill_left", "contract", "event", "evidence", "gate", "lease", "meta", "migration", "pace", "plan", "run",
        "step",
    ]
)  # fmt: skip
"""The journal's own tables, beside which the new one waits."""


@frozen
class Found:
    """The statements of a split: what makes the table, the copy, what else is said of the new table, how many that are."""

    copy: Copy
    said: tuple[Statement, ...]
    takes: int
    drops: frozenset[str]


def against(change: CreateTable, home: Table, found: Found, case: Case) -> NoWay | None:
    """What keeps the whole from being a split by a view."""
    name, facts, bridging = home.name, case.scene.attached.get(home.name), case.scene.bridging.get(home.name)
    if facts is None or bridging is None or not home.known:
        return NoWay(f"the catalog tells too little of {name}", WAYS)
    if not facts.plain or home.kind != "table":
        return NoWay(f"{name} is partitioned, or takes part in inheritance", WAYS)
    if bridging.row_security:
        return NoWay(f"{name} has row security, which a view over it would pass by", WAYS)
    if raw(bare_name(change.table)) in RESERVED:
        return NoWay(
            f"midair has a table {bare_name(change.table)} of its own, beside which it would wait", WAYS
        )
    special = change.inherits or change.like or change.of_type or change.partition_key or change.partition_of
    if special or change.reads is not None or change.persistence != "permanent":
        return NoWay(f"{change.table} is no plain table of columns", WAYS)
    if found.copy.conflict:
        return NoWay(
            f"the copy into {change.table} leaves rows out that conflict", "let it copy without ON CONFLICT"
        )
    altered = [part for each in found.said if alters(each.sql) for part in changes_of(each.sql)]
    if not all(isinstance(each, AddConstraint | SetNotNull) for each in altered):
        return NoWay(
            f"{change.table} is altered by more than constraints and NOT NULL",
            "say it in CREATE TABLE, or in a later migration",
        )
    later = next((each for each in case.following[found.takes :] if speaks_of(each.sql, change.table)), None)
    if later is not None:
        return NoWay(
            f"{later.span} speaks of {change.table} again",
            "put it right behind the copy, or into a later migration",
        )
    return None


def split_of(change: CreateTable, home: Table, found: Found, case: Case) -> Split | NoWay:
    """The split as its two tables and the copy say it, or why none can be."""
    counted = _counted(change, home, found, case)
    pairs = _pairs(change, home, found, {name for name, _ in counted})
    if isinstance(pairs, NoWay):
        return pairs
    primary = home.primary_key
    keys = tuple(each for each in pairs if primary is not None and each[1] in primary.columns)
    values = tuple(each for each in pairs if each not in keys)
    key = _key_of(change, found, {name for name, _ in keys})
    if primary is None or len(keys) != len(primary.columns) or key is None:
        return NoWay(
            f"{change.table} has no key that is the primary key of {home.name}: several rows of it could belong to one",
            WAYS,
        )
    kept = [own for _, own in values if own not in found.drops]
    if kept or not values:
        what = kept[0] if kept else "nothing"
        return NoWay(f"{home.name} keeps {what}, which is copied: it would have two homes", WAYS)
    for check in (
        _misfit(change, home, keys, values, case),
        _demand(change, home, keys, (*values, *counted), found),
    ):
        if check is not None:
            return check
    required = _required(change, home, values, found)
    if isinstance(required, NoWay):
        return required
    said = found.copy.condition
    tests = [f"{each} IS NOT NULL" for each in required if f"{each} IS NOT NULL" != said]
    condition = " AND ".join([f"({said})" if said and tests else said, *tests] if said else tests)
    foreign = set(twins.columns_of(condition)) - {own for _, own in values} if condition else set[str]()
    if foreign:
        return NoWay(
            f"which rows {change.table} has depends on {sorted(foreign)[0]}, which is not moved", WAYS
        )
    mirror = f"midair.{bare_name(change.table)}"
    functions = (function_name(each, home.name, change.table) for each in ("mirror", "put", "clear"))
    places = Places(home.name, mirror, change.table, *functions)
    return Split(places, change.table, key, change.columns, keys, values, condition, required, counted)


def _given(change: CreateTable, found: Found) -> dict[str, str | None]:
    targets = found.copy.targets or tuple(each.name for each in change.columns)
    return dict(zip(targets, found.copy.sources, strict=False))


def _counted(change: CreateTable, home: Table, found: Found, case: Case) -> tuple[tuple[str, str], ...]:
    """Keys that the new table gives itself, and the old table's key, whose values they can have as well."""
    primary, given = home.primary_key, _given(change, found)
    mine = home.column(primary.columns[0]) if primary is not None and len(primary.columns) == 1 else None
    if mine is None:
        return ()
    return tuple(
        (each.name, mine.name)
        for each in change.columns
        if each.name not in given and not each.generated
        and (each.identity or each.serial or _is_drawn(each))
        and (each.type == mine.type or never_fails(mine.type, each.type, case.scene.schema))
    )  # fmt: skip


def _is_drawn(column: Column) -> bool:
    return (
        column.type.name == "uuid"
        and column.default is not None
        and column.default.volatility is Volatility.VOLATILE
    )


def _pairs(
    change: CreateTable, home: Table, found: Found, counted: set[str]
) -> tuple[tuple[str, str], ...] | NoWay:
    """Each column of the new table with the old one's that it is copied from."""
    given = _given(change, found)
    pairs: list[tuple[str, str]] = []
    for each in change.columns:
        if each.name in counted:
            continue
        own = given.get(each.name)
        if own is None or home.column(own) is None:
            return NoWay(
                f"{change.table}.{each.name} comes from no column of {home.name}: until contract it would have no home",
                f"let the key of {home.name} be its key, and add other columns in a later migration; or {WAYS}",
            )
        pairs.append((each.name, own))
    if len({own for _, own in pairs}) < len(pairs):
        return NoWay(f"two columns of {change.table} come from one of {home.name}", WAYS)
    return tuple(pairs)


def _key_of(change: CreateTable, found: Found, columns: set[str]) -> str | None:
    """The name of the constraint or index by which one row of the new table belongs to one of the old."""
    parts = [part for each in found.said for part in changes_of(each.sql)]
    added = (part.constraint for part in parts if isinstance(part, AddConstraint))
    indexes = (part.index for part in parts if isinstance(part, CreateIndex))
    kinds = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    names = [
        *(
            each.name
            for each in (*change.constraints, *added)
            if each.kind in kinds and set(each.columns) == columns and not each.deferrable
        ),
        *(
            each.name
            for each in indexes
            if each.unique and each.plain and not each.partial and set(each.columns) == columns
        ),
    ]
    return names[0] if names else None


def _misfit(
    change: CreateTable,
    home: Table,
    keys: Sequence[tuple[str, str]],
    values: Sequence[tuple[str, str]],
    case: Case,
) -> NoWay | None:
    """A column whose type or kind keeps it from being the old table's."""
    columns = {each.name: each for each in change.columns}
    for name, own in (*keys, *values):
        theirs, mine = columns[name], home.column(own)
        if mine is None:
            continue
        if theirs.identity or theirs.generated or theirs.serial or mine.generated:
            return NoWay(f"{change.table}.{name} or {home.name}.{own} counts or is generated by itself", WAYS)
        same = theirs.type == mine.type and theirs.collation == mine.collation
        if not same and ((name, own) in values or not never_fails(mine.type, theirs.type, case.scene.schema)):
            return NoWay(
                f"{change.table}.{name} is {theirs.type}, and {home.name}.{own} is {mine.type}",
                "change the type in a migration before or after",
            )
    return None


def _demand(
    change: CreateTable,
    home: Table,
    keys: Sequence[tuple[str, str]],
    values: Sequence[tuple[str, str]],
    found: Found,
) -> NoWay | None:
    """A constraint of the new table that rows of the old one need not meet: the old version's writes would fail by it."""
    own, key = dict((*keys, *values)), {name for name, _ in keys}
    parts = [part for each in found.said for part in changes_of(each.sql)]
    added = [part.constraint for part in parts if isinstance(part, AddConstraint)]
    indexes = [part.index for part in parts if isinstance(part, CreateIndex) and part.index.unique]
    unmet = [each.name for each in indexes if not is_unique(home, own, key, each.columns, plain=each.plain)]
    for each in (*change.constraints, *added):
        if not is_met(home, own, key, each):
            unmet.append(each.name)
    if not unmet:
        return None
    why = f"{home.name} does not have what {unmet[0]} demands of {change.table}"
    return NoWay(why, "add it in a later migration")


def is_met(home: Table, own: Mapping[str, str], key: set[str], wanted: Constraint) -> bool:
    theirs = tuple(own.get(name, "") for name in wanted.columns)
    match wanted.kind:
        case ConstraintKind.NOT_NULL:
            return True
        case ConstraintKind.PRIMARY_KEY | ConstraintKind.UNIQUE:
            return is_unique(home, own, key, wanted.columns, plain=True)
        case ConstraintKind.FOREIGN_KEY:
            if wanted.references == home.name:
                return set(wanted.columns) == key
            same = (each for each in home.constraints if each.kind is wanted.kind and each.columns == theirs)
            return any(each.references == wanted.references and each.valid for each in same)
        case ConstraintKind.CHECK | ConstraintKind.EXCLUDE:
            return False


def is_unique(
    home: Table, own: Mapping[str, str], key: set[str], columns: Sequence[str], *, plain: bool
) -> bool:
    theirs = {own.get(name, "") for name in columns}
    unique = (each for each in home.indexes if each.unique and each.valid and each.plain and not each.partial)
    return set(columns) == key or (plain and any(set(each.columns) == theirs for each in unique))


def _required(
    change: CreateTable, home: Table, values: Sequence[tuple[str, str]], found: Found
) -> tuple[str, ...] | NoWay:
    """The old columns that may have no value where the new table wants one."""
    parts = [part for each in found.said for part in changes_of(each.sql)]
    added = [part.constraint for part in parts if isinstance(part, AddConstraint)]
    wanted = {each.name for each in change.columns if each.not_null}
    wanted |= {part.column for part in parts if isinstance(part, SetNotNull)}
    wanted |= {
        name
        for each in (*change.constraints, *added)
        if each.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL)
        for name in each.columns
    }
    lacking: list[str] = []
    for name, own in values:
        column = home.column(own)
        if name not in wanted or column is None:
            continue
        filled = column.default is not None and not column.default.null
        if filled and not column.not_null:
            return NoWay(
                f"{home.name}.{own} has a default and may be NULL, and {change.table}.{name} may not",
                f"make {own} NOT NULL in a migration before",
            )
        if not filled:
            lacking.append(own)
    return tuple(lacking)

"""Whether a column can have a twin, what fills the one from the other, and the phases of several that exchange together."""

from collections.abc import Collection, Sequence

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.attached import Attached
from midair.dialects.postgresql.changes.expressions import default_of
from midair.dialects.postgresql.conversions import comparable, never_fails
from midair.dialects.postgresql.parse import parse
from midair.model.change import AlterColumnType, Column, ConstraintKind, Default, Volatility
from midair.model.contract import Ground, Need
from midair.model.effects import LockLevel
from midair.model.frozen import replace
from midair.model.schema import Table, bare_name
from midair.model.statement import Sql
from midair.rewriting.carried import WAY, carried
from midair.rewriting.costs import too_small
from midair.rewriting.names import temporary
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import NoWay, Phases
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import Sync, function_name, trigger_name
from midair.rewriting.twin import Twin


def phases_of(twins: Sequence[Twin], before: Sequence[str] = (), after: Sequence[str] = ()) -> Phases | NoWay:
    """The recipe for these columns, which exchange with their twins in one transaction.

    `before` stands first in the exchange, `after` in its way back.
    """
    prepared: list[Piece] = []
    for each in twins:
        made = each.prepared()
        if isinstance(made, NoWay):
            return made
        prepared += made
    locks = tuple(sorted({lock for each in twins for lock in each.locks}))
    only = tuple(
        (name, LockLevel.ACCESS_EXCLUSIVE) for name in dict.fromkeys(each.table.name for each in twins)
    )
    looks = [sql for each in twins for sql in each.last_look]
    exchange = (*looks, *before, *(sql for each in twins for sql in each.exchanged()))
    intact = [each.intact for each in twins]
    return Phases(
        expand=(
            *prepared,
            *(
                Piece(sql, locks=locks, why="the columns exchange their names", fixed=True)
                for sql in exchange
            ),
        ),
        contract=tuple(sql for each in twins for sql in each.contract),
        locks=only,
        undo_first=tuple(sql for each in twins for sql in each.before_undo),
        undo=(*after, *(sql for each in reversed(twins) for sql in each.undo)),
        undo_locks=locks,
        undo_needs=tuple(each.window for each in twins),
        summary="; ".join(each.summary for each in twins),
        holds=tuple(held for each in twins for held in each.holds),
        grounds=tuple(Ground(each.holds[0], each.table.name, each.table.name, sheds=True) for each in twins),
        reverses=f"change type {twins[0].table.name}.{twins[0].column.name}" if len(twins) == 1 else "",
        comes_back="the column in its old type as far as its values fit, by the downgrade",
        verify=Need(
            Sql(
                "SELECT " + " + ".join(f"({each.count.text})" for each in intact),
                tuple(value for each in intact for value in each.count.parameters),
            ),
            "; ".join(each.otherwise for each in intact),
        ),
        notes=tuple(dict.fromkeys(note for each in twins for note in each.notes)),
    )


def against_twin(table: Table, column: Column, facts: Attached, case: Case) -> NoWay | None:
    """What keeps a second column from taking this one's place."""
    name = table.name
    if not facts.plain or facts.typed or table.kind != "table":
        return NoWay(f"{name} is partitioned, of a type, or takes part in inheritance", WAY)
    if column.generated is not None:
        return NoWay(f"{name}.{column.name} is generated", WAY)
    if facts.publications:
        return NoWay(
            f"the publication {facts.publications[0]} sends all columns of {name}, and its subscribers would stop at a new one",
            f"give the publication a list of columns; or {WAY}",
        )
    users = facts.columns[column.name].users
    if users:
        return NoWay(
            f"{name}.{column.name} is used by {', '.join(users)}",
            f"drop that in a migration before, and make it again after; or {WAY}",
        )
    positional = case.scene.usage(name).positional
    if positional:
        return NoWay(
            f"the application writes to {name} without naming columns, and the new one stands last: {positional[0]}",
            f"name the columns there first; or {WAY}",
        )
    cramped = too_small(case.scene, name, whole=False)
    if cramped is not None:
        return cramped
    if is_stale(table, facts, case, column.name):
        return NoWay(
            f"earlier statements of this run changed what hangs on {name}.{column.name}",
            "apply the migrations before this one first",
        )
    return None


def is_stale(table: Table, facts: Attached, case: Case, column: str | None = None) -> bool:
    """The catalog was read before earlier statements of the run changed what hangs on the table, or on this column of it."""
    kinds = (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY)

    def about(columns: Collection[str]) -> bool:
        return column is None or not columns or column in columns

    indexes = {bare_name(each.name) for each in table.indexes if about(each.mentions)}
    checks = {each.name for each in table.constraints if each.kind in kinds and about(each.columns)}
    referencing = case.scene.schema.referencing(table.name)
    inbound = {(other.name, key.name) for other, key in referencing if about(key.referenced_columns)}
    return not (
        indexes == {each.name for each in facts.indexes if about(each.columns)}
        and checks == {each.name for each in facts.constraints if about(each.columns)}
        and inbound == {(each.table, each.name) for each in facts.inbound if about(each.columns)}
    )


def _still(facts: Attached, table: Table) -> Attached:
    """Without the checks and plain indexes that earlier statements of the run dropped; a key may only wait to be dropped."""
    indexes, checks = (
        {bare_name(each.name) for each in table.indexes},
        {each.name for each in table.constraints},
    )
    return replace(
        facts,
        indexes=tuple(
            each for each in facts.indexes if each.unique or each.constraint or each.name in indexes
        ),
        constraints=tuple(each for each in facts.constraints if each.kind != "c" or each.name in checks),
    )


def twin_of(
    table: Table,
    column: Column,
    change: AlterColumnType,
    case: Case,
    *,
    default: Default | None,
    resets: bool,
) -> Twin | NoWay:
    """The twin of a column that changes its type, or why it can have none; `default` and `resets` as in `Twin`."""
    facts = case.scene.attached.get(table.name)
    if facts is None or not table.known or column.name not in facts.columns:
        return NoWay(f"the catalog tells too little of {table.name}", WAY)
    facts = _still(facts, table)
    against = against_twin(table, column, facts, case) or _expression_against(table, column, change, case)
    if against is not None:
        return against
    new, old = temporary("new", table.name, column.name), temporary("old", table.name, column.name)
    if table.column(new) or table.column(old):
        return NoWay(f"{table.name} has a column {new} or {old} already", "drop it first")
    things = carried(table.name, column.name, new, old, facts)
    trigger = trigger_name(column.name, facts.row_triggers)
    added = twins.added_column(case.sql, new)
    if isinstance(things, NoWay):
        return things
    if trigger is None:
        return NoWay(
            f"{table.name} has a trigger whose name comes after every name of midair's", "rename it first"
        )
    up, down = _expressions(table, column, change)
    intent = case.statement.intent
    if intent is not None and intent.down is not None:
        said = twins.of_row(intent.down, "new", table.name, [each.name for each in table.columns])
        if said is None:
            return NoWay(
                f"{intent.place} says more than a row of {table.name} knows: {intent.down}",
                "say it by columns of the table",
            )
        down = said
    if added is None or up is None:
        return NoWay("the statement cannot be written for another column", WAY)
    fails = not (change.using is None or change.plain_cast) or not never_fails(
        column.type, change.type, case.scene.schema
    )
    forth = Sync(function_name("up", table.name, column.name), new, up, fails)
    back = Sync(function_name("down", table.name, column.name), old, down, down != "NULL", column.name)
    return Twin(
        table, column, facts.columns[column.name], facts.subscribed, change, new, old, added, trigger, forth, back, things, case, default, resets
    )  # fmt: skip


def _expressions(table: Table, column: Column, change: AlterColumnType) -> tuple[str | None, str]:
    """What fills the new column from the row, and the old one from it."""
    if change.using is None:
        return f"NEW.{column.name}", f"NEW.{column.name}"
    up = twins.of_row(change.using, "new", table.name, [each.name for each in table.columns])
    if not change.plain_cast:
        # From one type to another by way of a third: an assignment goes back by the values' texts.
        return up, f"NEW.{column.name}" if twins.copied_column(change.using) == column.name else "NULL"
    # A plain cast to a type with a length would cut values off without a word; an assignment refuses them.
    cuts = bool(column.type.modifiers) and column.type.name in ("varchar", "bpchar", "varbit", "bit")
    return up, f"NEW.{column.name}" if cuts else f"NEW.{column.name}::{column.type}"


def _expression_against(table: Table, column: Column, change: AlterColumnType, case: Case) -> NoWay | None:
    for other, key in case.scene.schema.referencing(table.name):
        mine = dict(zip(key.referenced_columns, key.columns, strict=False)).get(column.name)
        theirs = other.column(mine) if mine else None
        if theirs is not None and theirs is not column and not comparable(theirs.type, change.type):
            return NoWay(
                f"{other.name}.{theirs.name} refers to it, and is {theirs.type}",
                f"drop the foreign key in a migration before; or {WAY}",
            )
    for each in table.constraints:
        if each.kind is ConstraintKind.FOREIGN_KEY and column.name in each.columns:
            found = case.scene.schema.tables.get(each.references or "")
            theirs = dict(zip(each.columns, each.referenced_columns, strict=False)).get(column.name)
            target = found.column(theirs) if found is not None and theirs else None
            if target is not None and not comparable(target.type, change.type):
                return NoWay(
                    f"it refers to {each.references}.{target.name}, which is {target.type}",
                    f"drop the foreign key in a migration before; or {WAY}",
                )
    if change.using is None or change.plain_cast:
        return None
    found = default_of(parse(f"SELECT {change.using}")[0].select_stmt.target_list[0].res_target.val)
    if found.volatility is Volatility.VOLATILE:
        return NoWay("its USING expression gives another value each time", WAY)
    return None

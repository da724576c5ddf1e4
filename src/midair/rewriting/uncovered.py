"""Changes that break the running application and have no recipe: refused, with the ways on."""

from collections.abc import Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.errors import NotOnline
from midair.model.change import (
    Block,
    Change,
    CreateTable,
    DropColumn,
    DropTable,
    Insert,
    MoveTable,
    RenameEnumValue,
    Update,
)
from midair.model.statement import Statement
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.scene import Scene

UNCOVERED = (MoveTable, RenameEnumValue)
_WINDOW = "run it with --strategy direct in a window in which the application is down"


def refuse_uncovered(statement: Statement, change: Change, case: Case) -> None:
    """Raises `NotOnline` for a change that nothing here makes safe, on an object that others use."""
    reason = uncovered(change, case)
    if reason is not None:
        raise not_online(statement, reason)


def uncovered(change: Change, case: Case) -> NoWay | None:
    """Why a change breaks the running application although no recipe is for its kind; `None` where it does not."""
    match change:
        case MoveTable(table=table, new_schema=schema) if case.table(table) is not None:
            why = f"the running application would no longer find {table} once it is in {schema}"
            way = f"make a view over it in {schema} for the new version, and move it when the old one is gone; or {_WINDOW}"
        case (
            Insert(table=table, reads=reads)
            | Update(table=table, reads=reads)
            | CreateTable(table=table, reads=reads)
        ) if _leaves(reads or (), case):
            why = f"what the running application writes to {_leaves(reads or (), case)} after this copy would never get to {table}"
            way = f"let the new version write both and drop the old place in a later migration; or {_WINDOW}"
        case RenameEnumValue(name=name, label=label) if _is_used(name, case.scene):
            why = f"the running application still writes and reads {label} of {name}"
            way = f"add the new value beside it, move the rows, and let both be; or {_WINDOW}"
        case _:
            return None
    return NoWay(why, way)


def _leaves(reads: Sequence[str], case: Case) -> str | None:
    """The table that is read here and drops what was read, or goes altogether, later in the same migration."""
    for statement in case.following:
        for part in changes_of(statement.sql):
            if (
                isinstance(part, DropColumn | DropTable)
                and part.table in reads
                and case.table(part.table) is not None
            ):
                return part.table
    return None


def refuse_whole(statement: Statement, changes: Sequence[Change], scene: Scene) -> None:
    """Raises `NotOnline` for a statement of several changes that cannot be taken apart, when one of them breaks somebody."""
    for each in changes:
        if _is_used(each.name if isinstance(each, RenameEnumValue) else getattr(each, "table", ""), scene):
            if isinstance(changes_of(statement.sql)[0], Block):
                why = "changes what the running application uses in a DO block, and only the server can tell whether it will"
                way = "write the statement by itself: the tool's history sees to it that it runs once"
            else:
                why = "this statement makes several changes at once and cannot be taken apart"
                way = "write one statement a change"
            raise not_online(statement, NoWay(why, f"{way}; or {_WINDOW}"))


def _is_used(name: str, scene: Scene) -> bool:
    """It was there before this plan, so that others may use it."""
    return name not in scene.born and (name in scene.schema.tables or name in scene.schema.types)


def not_online(statement: Statement, reason: NoWay) -> NotOnline:
    """The refusal, on the author's line."""
    return NotOnline(f"{statement.span} {reason.why}", state="nothing was changed", hint=reason.ways)

"""What the running application would miss after a statement as written, where nothing of it can be left for later.

By the very rule that sends a statement to a recipe: what is on a table that nobody uses yet, what its author says is to run
as written, and what no recipe takes up, breaks nobody.
"""

from collections.abc import Iterator

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AlterColumnType,
    Change,
    ConstraintKind,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropTable,
    RenameColumn,
    RenameObject,
    RenameTable,
)
from midair.model.frozen import replace
from midair.model.intent import Way, When
from midair.model.statement import Statement
from midair.rewriting.make_safe import recipes
from midair.rewriting.rewrite import Case
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import uncovered


def breaks(statement: Statement, scene: Scene) -> tuple[str, ...]:
    """What the application loses by each of the statement's changes, as clauses; none where it goes on as before."""
    intent = statement.intent
    if statement.rows is not None or (intent is not None and intent.strategy is Way.DIRECT):
        return ()
    if intent is not None and intent.phase is When.EXPAND:
        return ()
    if intent is not None and intent.phase is When.CONTRACT:
        return ("can only run when the old application is gone: its author says so",)
    return tuple(dict.fromkeys(_each(statement, scene)))


def _each(statement: Statement, scene: Scene) -> Iterator[str]:
    for part in _parts(statement):
        for change in changes_of(part.sql):
            case = Case(part, scene.effects((change,)), scene)
            reason = None if case.effects.refused is not None else uncovered(change, case)
            if reason is not None:
                yield f"breaks it: {reason.why}"
            elif case.effects.refused is None and _has_a_recipe(change, case):
                yield _told(change, scene)
            scene = scene.after((change,))


def _parts(statement: Statement) -> list[Statement]:
    """The statement's actions, each by itself where it can be taken apart."""
    if len(changes_of(statement.sql)) == 1:
        return [statement]
    parts = compose.actions_of(statement.sql) or compose.parts_of_drop(statement.sql) or (statement.sql,)
    return [replace(statement, sql=each) for each in parts]


def _has_a_recipe(change: Change, case: Case) -> bool:
    """Elsewhere it would be done in phases, or refused."""
    return any(isinstance(change, each.on) and each.make(change, case) is not None for each in recipes())


def _told(change: Change, scene: Scene) -> str:
    match change:
        case DropColumn(table=table, column=column):
            return f"drops {table}.{column}, which the running application still reads and writes"
        case DropTable(table=table):
            return f"drops {table}, which the running application still reads and writes"
        case RenameColumn(table=table, column=column, new_name=name):
            return f"renames {table}.{column} to {name}, and the running application still says {column}"
        case RenameTable(table=table, new_name=name):
            return f"renames {table} to {name}, and the running application still says {table}"
        case RenameObject(name=old, new_name=name):
            return f"renames {old} to {name}, and the running application still counts on it"
        case AlterColumnType(table=table, column=column):
            return f"gives {table}.{column} another type: the server writes all of {table} again while nobody can use it"
        case DropDefault(table=table, column=column):
            return f"drops the default of {table}.{column}, which INSERTs of the running application may count on"
        case DropConstraint(table=table, name=name):
            return f"drops {name} of {table}, which {_service(scene, table, name)}"
        case _:
            return f"makes the server write all of {getattr(change, 'table', 'a table')} again while nobody can use it"


def _service(scene: Scene, table: str, name: str) -> str:
    known = scene.schema.tables.get(table)
    constraint = known.constraint(name) if known is not None else None
    if constraint is not None and constraint.kind is ConstraintKind.FOREIGN_KEY:
        return "the running application counts on to take rows along"
    return "ON CONFLICT of the running application may name"

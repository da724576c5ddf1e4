"""A statement about a table that has a view in its place: said of the table behind it, under the names it would have given."""

from midair.dialects.postgresql import compose, twins
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Change,
    ChangeServer,
    ConstraintKind,
    CreateIndex,
    CreateView,
    RenameTable,
    SetNotNull,
)
from midair.model.contract import Ground
from midair.model.effects import LockLevel
from midair.model.frozen import replace
from midair.model.motion.naming import free_name, with_free_name, with_free_names
from midair.model.schema import bare_name
from midair.model.statement import Statement
from midair.rewriting.ground import actions
from midair.rewriting.make_safe import Made, made_safe
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import NoWay, Phases
from midair.rewriting.required import not_null_name
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import not_online

_LATER = "put it into the next migration, to be applied after `midair contract`; or run this one with --strategy direct in a window"


def behind(statement: Statement, ground: Ground, phases: Phases, scene: Scene) -> Made:
    """Its safe form on the table that `ground` is until contract; a new column is shown by the view, too.

    Raises:
        NotOnline: it cannot be written for another table.
    """
    pieces: list[Piece] = []
    notes: list[str] = []
    for part in actions(statement):
        (change,) = changes_of(part.sql)
        against = _against(change)
        text = _moved(part.sql, change, ground, scene) if against is None else None
        view = _shown(change, ground, phases, scene) if isinstance(change, AddColumn) else ()
        if text is None or view is None:
            why = f"cannot be written for {ground.at}, which has the rows of {ground.held} until contract"
            raise not_online(statement, NoWay(f"{why}: {against}" if against else why, _LATER))
        table = replace(
            scene, schema=scene.schema.after(RenameTable(ground.held.relation, bare_name(ground.at)))
        )
        made = made_safe(replace(part, sql=text), table)
        if made.deferred:
            why = f"leaves something for contract, and {ground.held} is in two shapes until then"
            raise not_online(statement, NoWay(why, f"write it as a statement of its own; or {_LATER}"))
        pieces += (_without_undo(each) for each in made.pieces)
        pieces += view
        notes += made.notes
        scene = scene.after((change,))
    return Made(tuple(pieces), scene, tuple(notes))


def _against(change: Change) -> str | None:
    """What would have the other table's name for good."""
    match change:
        case AddConstraint(constraint=made) if made.kind is ConstraintKind.PRIMARY_KEY:
            return "the NOT NULL of its columns would be called after that"
        case AddColumn(column=column) if column.serial or column.identity:
            return "the sequence of its numbers would be called after that"
        case _:
            return None


def _without_undo(piece: Piece) -> Piece:
    """The recipe's way back takes it back: the view, which may show it, has to go first."""
    return piece if piece.alone else replace(piece, undo=())


def _moved(sql: str, change: Change, ground: Ground, scene: Scene) -> str | None:
    """The statement for the table behind, with the names that the server would have chosen by the table's own."""
    schema, path, table = scene.schema, raw_path(ground.at), ground.held.relation
    match change:
        case CreateIndex(index=index):
            name = bare_name(index.name)
            name = name if change.named else free_name(schema, table, name)
            return twins.index_on(sql, name, path, concurrently=change.concurrently)
        case ChangeServer():
            return twins.comment_on(sql, path)
        case AddConstraint(constraint=made):
            constraint, _ = with_free_name(schema, table, made, change.index)
            named = compose.with_name(sql, raw(bare_name(constraint.name)))
            return compose.on_table(named, path) if named is not None else None
        case AddColumn(column=column):
            constraints, _ = with_free_names(schema, table, change.constraints, change.indexes)
            names = [raw(bare_name(each.name)) for each in constraints]
            named = twins.named_column(sql, names, raw(not_null_name(table, column.name, scene)))
            return compose.on_table(named, path) if named is not None else None
        case SetNotNull(column=name) if scene.version >= SINCE["not null constraint"]:
            found = schema.tables[table].column(name)
            made = f"ADD CONSTRAINT {not_null_name(table, name, scene)} NOT NULL {name}"
            return f"ALTER TABLE {ground.at} {made}" if found is None or not found.not_null else sql
        case _:
            return compose.on_table(sql, path)


def _shown(change: AddColumn, ground: Ground, phases: Phases, scene: Scene) -> tuple[Piece, ...] | None:
    """What makes the view show the column: it may, for the old version names those it reads and writes."""
    view = ground.held.relation
    text = next(
        (
            each.sql
            for each in phases.expand
            if any(isinstance(made, CreateView) and made.view == view for made in changes_of(each.sql))
        ),
        None,
    )
    table = scene.after((change,)).schema.tables.get(view)
    sql = twins.view_with(text, [each.name for each in table.columns]) if text and table else None
    locks = ((view, LockLevel.ACCESS_EXCLUSIVE),)
    return (Piece(sql, locks=locks, why=f"{view} shows {change.column.name}"),) if sql else None

"""One statement → the pieces that do the same without stopping anyone."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.change import AddEnumValue, Change, DropIndex, DropTable
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import frozen
from midair.model.intent import Way, When
from midair.model.statement import Sql, Statement
from midair.registry import members
from midair.rewriting.lingering import lingering, needed
from midair.rewriting.piece import Declined, Piece
from midair.rewriting.recipe import NoWay, Phases, Recipe
from midair.rewriting.rewrite import Case, Rewrite
from midair.rewriting.scene import Scene
from midair.rewriting.takeback import taken_back, with_ways_back
from midair.rewriting.uncovered import UNCOVERED, not_online, refuse_uncovered, refuse_whole

DECLARED = "declared"
"""In a recipe's place: the author's own word that a statement waits."""


@frozen
class Deferred:
    """What a recipe left until the old application is gone, with the recipe's name and the statements it did besides."""

    recipe: str
    phases: Phases
    taken: tuple[Statement, ...] = ()


@frozen
class Made:
    """The pieces, the scene after them, and what the reader of the plan should know."""

    pieces: tuple[Piece, ...]
    scene: Scene
    notes: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    takes: int = 0
    """How many of the statements that follow are done with it."""
    beside: tuple[tuple[Statement, Scene], ...] = ()
    """Actions of the same statement that no recipe did, each with what it met."""

    def deferring(self) -> "Made":
        """The same before a scene in which later statements are left for contract again where they need it."""
        return replace(self, scene=replace(self.scene, defers=True))


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every recipe there is, by name."""
    return members("midair.rewriting.recipes", None, Recipe)


@cache
def rewrites() -> tuple[Rewrite, ...]:
    """Every rewrite there is, by name."""
    return members("midair.rewriting.rewrites", None, Rewrite)


def made_safe(statement: Statement, scene: Scene, following: tuple[Statement, ...] = ()) -> Made:
    """The statement's safe form; the statement itself where that is brief, or no rewrite fits.

    `following` are the statements after it that may be taken together with it.
    """
    changes = changes_of(statement.sql)
    intent = statement.intent
    if statement.rows is not None:
        return _as_written(statement, changes, scene)
    if intent is not None and intent.strategy is Way.DIRECT:
        made = _as_written(statement, changes, scene)
        return replace(made, notes=(*made.notes, f"{statement.span} runs as written: {intent.place} says so"))
    if intent is not None and intent.phase is not None and scene.defers:
        if intent.phase is When.CONTRACT:
            return _for_later(statement, changes, scene)
        return made_safe(statement, replace(scene, defers=False)).deferring()
    if len(changes) == 1:
        return _of_one(statement, changes[0], scene, following)
    long = scene.long_work(scene.effects(changes))
    may_break = scene.defers and any(isinstance(each, _breaking()) for each in changes)
    wants = long or may_break or any(isinstance(each, AddEnumValue | DropIndex) for each in changes)
    parts = (compose.actions_of(statement.sql) or _dropped(statement, changes, scene)) if wants else None
    if not parts or any(len(changes_of(each)) != 1 for each in parts):
        if may_break:
            refuse_whole(statement, _breakers(statement, changes, scene), scene)
        return _as_written(statement, changes, scene)
    return _in_parts([replace(statement, sql=each) for each in parts], scene, following)


def _dropped(statement: Statement, changes: tuple[Change, ...], scene: Scene) -> tuple[str, ...] | None:
    """One DROP an object, tables after those that refer to them; `None` where tables refer to each other."""
    parts = compose.parts_of_drop(statement.sql)
    if parts is None or not all(isinstance(each, DropTable) for each in changes):
        return parts
    left = {
        each.table: part for each, part in zip(changes, parts, strict=True) if isinstance(each, DropTable)
    }
    ordered: list[str] = []
    while left:
        free = [
            name
            for name in left
            if not any(
                other.name in left and other.name != name for other, _ in scene.schema.referencing(name)
            )
        ]
        if not free:
            return None
        ordered += (left.pop(name) for name in free)
    return tuple(ordered)


def _in_parts(parts: Sequence[Statement], scene: Scene, following: tuple[Statement, ...]) -> Made:
    """Each action of a statement in its turn; one may be done with those after it, and with what follows them."""
    pieces: list[Piece] = []
    notes: list[str] = []
    deferred: list[Deferred] = []
    beside: list[tuple[Statement, Scene]] = []
    rest = (*parts, *following)
    while len(rest) > len(following):
        made = made_safe(rest[0], scene, rest[1:])
        beside += [] if made.deferred else [(rest[0], scene)]
        pieces += made.pieces
        notes += made.notes
        deferred += made.deferred
        scene, rest = made.scene, rest[1 + made.takes :]
    takes = len(following) - len(rest)
    return Made(tuple(pieces), scene, tuple(notes), tuple(deferred), takes, tuple(beside))


def _of_one(statement: Statement, change: Change, scene: Scene, following: tuple[Statement, ...]) -> Made:
    case = Case(statement, scene.effects((change,)), scene, following)
    if case.effects.refused is not None:
        return _as_written(statement, (change,), scene)  # the server's own words say it best
    made = _deferred(statement, change, case) if scene.defers else None
    if made is not None:
        return made
    declined: list[str] = []
    for each in rewrites():
        if not isinstance(change, each.on):
            continue
        answer = each.make(change, case)
        if isinstance(answer, Declined):
            declined.append(f"{each.name}: {answer.why}")
        elif answer:
            made = _each(statement, answer, scene, each.name)
            # The naive statement says it best what is there afterwards: names, proofs and all.
            return replace(made, scene=replace(made.scene, schema=scene.after((change,)).schema))
    made = _as_written(statement, (change,), scene)
    reasons = tuple(f"{statement.span} runs as written: {why}" for why in declined)
    return replace(made, notes=(*made.notes, *reasons)) if reasons else made


def _deferred(statement: Statement, change: Change, case: Case) -> Made | None:
    """The change in phases, where it would break the running application.

    Raises:
        NotOnline: it would, and no recipe covers it here.
    """
    refuse_uncovered(statement, change, case)
    reasons: list[tuple[str, NoWay]] = []
    for each in recipes():
        answer = each.make(change, case) if isinstance(change, each.on) else None
        if isinstance(answer, NoWay):
            reasons.append((each.name, answer))
        elif answer is not None:
            expand = tuple(with_ways_back(answer.expand, answer.undo))
            made = _each(statement, expand, case.scene, each.name)
            taken = case.following[: answer.takes]
            done = (change, *(part for later in taken for part in changes_of(later.sql)))
            after = case.scene.after(done)
            lingers = after.lingering | needed(done, case.scene, after.schema)
            after = replace(after, fresh=made.scene.fresh, lingering=lingers)
            stays = lingering(done, case.scene.schema, after.schema)
            why = (f"not by {name}: {reason.why}" for name, reason in reasons)
            notes = tuple(f"{statement.span} {note}" for note in (*why, *answer.notes))
            deferred = Deferred(each.name, replace(answer, holds=(*answer.holds, *stays)), taken)
            return Made(made.pieces, after, (*made.notes, *notes), (deferred,), answer.takes)
    if reasons:
        raise not_online(statement, reasons[0][1])
    return None


def _for_later(statement: Statement, changes: tuple[Change, ...], scene: Scene) -> Made:
    """A statement whose author says that only the new version can bear it: all of it waits."""
    effects = scene.effects(changes)
    tables = tuple(dict.fromkeys(name for name, _ in effects.locks if name in scene.schema.tables))
    words = " ".join(statement.sql[:200].split())
    phases = Phases(
        expand=(),
        contract=(statement.sql,),
        locks=scene.locks(effects),
        summary=f"`{words[:80]}` has not run",
        holds=tuple(Held(each) for each in tables),
        reverses="",
        verify=Need(Sql("SELECT 0"), ""),
        notes=("waits for contract: its author says so",),
    )
    notes = tuple(f"{statement.span} {note}" for note in phases.notes)
    return Made((), scene.after(changes), notes, (Deferred(DECLARED, phases),))


@cache
def _breaking() -> tuple[type, ...]:
    """The kinds of change that the running application may miss something after."""
    return tuple({kind for each in recipes() for kind in each.on} | set(UNCOVERED))


def _breakers(statement: Statement, changes: tuple[Change, ...], scene: Scene) -> list[Change]:
    """Those for which a recipe would have something to do."""
    found: list[Change] = []
    for change in changes:
        case = Case(statement, scene.effects((change,)), scene)
        fit = (each for each in recipes() if isinstance(change, each.on))
        if isinstance(change, UNCOVERED) or any(each.make(change, case) is not None for each in fit):
            found.append(change)
        scene = scene.after((change,))
    return found


def as_pieces(statement: Statement, pieces: tuple[Piece, ...], scene: Scene) -> Made:
    """Pieces that somebody else chose, made safe where they ask for it."""
    return _each(statement, pieces, scene, None)


def _each(statement: Statement, answer: tuple[Piece, ...], scene: Scene, name: str | None) -> Made:
    pieces: list[Piece] = []
    notes: list[str] = []
    deferred: list[Deferred] = []
    for piece in answer:
        if piece.again:
            made = made_safe(replace(statement, sql=piece.sql), scene)
            phase = piece.phase
            pieces += [
                replace(
                    each,
                    rewrite=each.rewrite or name,
                    why=each.why or piece.why,
                    undo=each.undo or piece.undo,
                    phase=max(each.phase, phase, key=_late),
                )
                for each in made.pieces
            ]
            notes += made.notes
            deferred += made.deferred
            scene = made.scene
        else:
            changes = changes_of(piece.sql) if piece.action is None else ()
            locks = piece.locks or scene.locks(scene.effects(changes))
            pieces.append(replace(piece, locks=locks, rewrite=piece.rewrite or name))
            scene = scene.after(changes)
    return Made(tuple(pieces), scene, tuple(notes), tuple(deferred))


def _late(phase: str) -> int:
    return ("expand", "backfill", "contract").index(phase)


def _as_written(statement: Statement, changes: tuple[Change, ...], scene: Scene) -> Made:
    effects = scene.effects(changes)
    long = scene.long_work(effects)
    piece = Piece(
        statement.sql,
        alone=stands_alone(statement),
        long=bool(long),
        locks=scene.locks(effects),
        undo=taken_back(changes, scene),
    )
    worst = [name for name, level in piece.locks if level >= LockLevel.SHARE and long]
    notes = (
        (
            f"{statement.span} blocks {effects.strongest.blocked} on {', '.join(worst)} while it works through {', '.join(sorted(long))}",
        )
        if worst
        else ()
    )
    return Made((piece,), scene.after(changes), notes)

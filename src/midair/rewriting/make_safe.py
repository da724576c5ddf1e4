"""One statement → the pieces that do the same without stopping anyone."""

from dataclasses import dataclass, replace
from functools import cache

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.change import AddEnumValue, Change, DropIndex
from midair.model.effects import LockLevel
from midair.model.statement import Statement
from midair.registry import members
from midair.rewriting.piece import Declined, Piece
from midair.rewriting.rewrite import Case, Rewrite
from midair.rewriting.scene import Scene


@dataclass(frozen=True, slots=True)
class Made:
    """The pieces, the scene after them, and what the reader of the plan should know."""

    pieces: tuple[Piece, ...]
    scene: Scene
    notes: tuple[str, ...] = ()


@cache
def rewrites() -> tuple[Rewrite, ...]:
    """Every rewrite there is, by name."""
    return members("midair.rewriting.rewrites", None, Rewrite)


def made_safe(statement: Statement, scene: Scene) -> Made:
    """The statement's safe form; the statement itself where that is brief, or no rewrite fits."""
    changes = changes_of(statement.sql)
    if statement.rows is not None:
        return _as_written(statement, changes, scene)
    if len(changes) == 1:
        return _of_one(statement, changes[0], scene)
    long = scene.long_work(scene.effects(changes))
    wants = long or any(isinstance(each, AddEnumValue | DropIndex) for each in changes)
    parts = (compose.actions_of(statement.sql) or compose.parts_of_drop(statement.sql)) if wants else None
    if not parts or any(len(changes_of(each)) != 1 for each in parts):
        return _as_written(statement, changes, scene)
    every = tuple(Piece(each, again=True) for each in parts)
    return _each(statement, every, scene, None)


def _of_one(statement: Statement, change: Change, scene: Scene) -> Made:
    case = Case(statement, scene.effects((change,)), scene)
    if case.effects.refused is not None:
        return _as_written(statement, (change,), scene)  # the server's own words say it best
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


def _each(statement: Statement, answer: tuple[Piece, ...], scene: Scene, name: str | None) -> Made:
    pieces: list[Piece] = []
    notes: list[str] = []
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
            scene = made.scene
        else:
            changes = changes_of(piece.sql) if piece.action is None else ()
            locks = piece.locks or scene.locks(scene.effects(changes))
            pieces.append(replace(piece, locks=locks, rewrite=piece.rewrite or name))
            scene = scene.after(changes)
    return Made(tuple(pieces), scene, tuple(notes))


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

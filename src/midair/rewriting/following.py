"""A statement that goes on building on what an earlier one of its migration has put into two shapes: where it runs, what takes it back."""

from collections.abc import Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import AddConstraint
from midair.model.contract import Ground
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.statement import Sql, Statement
from midair.rewriting.ground import actions, bears, in_the_way, touches
from midair.rewriting.make_safe import Deferred, Made, made_safe
from midair.rewriting.scene import Scene
from midair.rewriting.undone import Named, undone


@frozen
class Followed:
    """`after` is the number of the recipe it builds on. `undo` takes it back once the old shape is there again, newest first:
    empty where it goes with the new one, `None` where nobody can tell. `locks` are what the way back locks for it besides.
    """

    statement: Statement
    after: int
    made: Made
    undo: tuple[str, ...] | None
    locks: tuple[tuple[str, LockLevel], ...] = ()


def followed(
    statement: Statement, scene: Scene, following: tuple[Statement, ...], deferred: Sequence[Deferred]
) -> Followed | None:
    """The statement's safe form on the ground of the recipes before it; `None` where it touches none, or may not build on it."""
    found = [
        (number, ground)
        for number, each in enumerate(deferred)
        for ground in each.phases.grounds
        if any(touches(part, ground.held) and bears(part, ground) for part in actions(statement))
    ]
    if not found or any(in_the_way(statement, each.phases.holds, each.phases.grounds) for each in deferred):
        return None
    number, ground = next(((number, each) for number, each in found if each.sheds), found[0])
    made = made_safe(statement, scene, following)
    if made.deferred:
        return None  # a recipe of its own takes it back
    here = undone(statement, scene, Named(ground.at, ground.was, {}, dict(ground.columns)))
    made = _with_way_back(made, here)
    if ground.sheds and all(_goes_with(part, ground) for part in actions(statement)):
        return Followed(statement, number, made, (), _referred(statement))
    back = dict(ground.columns)
    return Followed(
        statement, number, made, undone(statement, scene, Named(ground.was, ground.was, back, back))
    )


def _goes_with(part: Statement, ground: Ground) -> bool:
    """What it makes is dropped with what it is made on."""
    return touches(part, ground.held) and bears(part, ground)


def _with_way_back(made: Made, undo: tuple[str, ...] | None) -> Made:
    """Its first piece takes it back where it is cut off, unless its pieces do."""
    if not undo or not made.pieces or any(each.undo for each in made.pieces):
        return made
    first, *rest = made.pieces
    return replace(made, pieces=(replace(first, undo=tuple(Sql(each) for each in undo)), *rest))


def _referred(statement: Statement) -> tuple[tuple[str, LockLevel], ...]:
    """The other tables of its foreign keys: both are locked when such a key goes."""
    changes = changes_of(statement.sql)
    names = [each.constraint.references for each in changes if isinstance(each, AddConstraint)]
    return tuple((each, LockLevel.ACCESS_EXCLUSIVE) for each in dict.fromkeys(names) if each is not None)

"""A statement that goes on building on what an earlier one of its migration has put into two shapes: where it runs, what takes it back."""

from collections.abc import Sequence

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import AddConstraint, DropConstraint, DropDefault, RenameColumn
from midair.model.contract import Ground
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.statement import Statement
from midair.rewriting.behind import behind
from midair.rewriting.bridge import WAYS
from midair.rewriting.ground import actions, bears, in_the_way, says, touches
from midair.rewriting.make_safe import Deferred, Made, made_safe
from midair.rewriting.names import raw, temporary
from midair.rewriting.recipe import NoWay
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import not_online
from midair.rewriting.undone import Named, as_is, undone


@frozen
class Way:
    """How a statement is taken back along with a recipe. `after` is the number of the recipe. `undo` runs once the old shape is there
    again, newest first: empty where all of it goes with the new one, `None` where nobody can tell. `locks` are what the way back locks
    for it besides, `contract` is what is left of it for then.
    """

    statement: Statement
    after: int
    undo: tuple[str, ...] | None
    locks: tuple[tuple[str, LockLevel], ...] = ()
    contract: tuple[str, ...] = ()


def followed(
    statement: Statement,
    scene: Scene,
    following: tuple[Statement, ...],
    deferred: Sequence[Deferred],
    since: Scene,
) -> tuple[Made, Way | None] | None:
    """The statement's safe form on the ground of the recipes before it; `None` where it touches none, or may not build on it.
    Without a way, a recipe of its own takes it back.

    Raises:
        NotOnline: it may, and cannot be written for the table behind the view that has its name.
    """
    found = _ground(statement, deferred)
    if found is None or any(
        in_the_way(statement, each.phases.holds, each.phases.grounds) for each in deferred
    ):
        return None
    number, ground = found
    if ground.again:
        return _again(statement, ground, number, deferred[number].recipe, scene)
    if ground.at != ground.held.relation:
        later = _left_for_later(statement, ground, scene)
        made = later or behind(statement, ground, deferred[number].phases, scene)
    elif isinstance(changes_of(statement.sql)[0], RenameColumn):
        made = _renamed(statement, ground, scene)
    else:
        made = made_safe(statement, scene, following)
    if made.deferred:
        return made, None
    name = deferred[number].recipe
    pieces = tuple(replace(each, rewrite=each.rewrite or name) for each in made.pieces)
    return replace(made, pieces=pieces), way_of(statement, scene, deferred, since)


def _left_for_later(statement: Statement, ground: Ground, scene: Scene) -> Made | None:
    """What waits for a contract of its own: by then the table has its name again, and until then it is looked for behind the view."""
    changes = changes_of(statement.sql)
    if len(changes) != 1 or not isinstance(changes[0], DropConstraint | DropDefault):
        return None
    made = made_safe(statement, scene)
    if not made.deferred:
        return None
    return replace(made, deferred=tuple(_verified_behind(each, ground) for each in made.deferred))


def _verified_behind(each: Deferred, ground: Ground) -> Deferred:
    count = each.phases.verify.count
    there = tuple(ground.at if value == ground.held.relation else value for value in count.parameters)
    verify = replace(each.phases.verify, count=replace(count, parameters=there))
    return replace(each, phases=replace(each.phases, verify=verify))


def _renamed(statement: Statement, ground: Ground, scene: Scene) -> Made:
    """A column of a renamed table: the view that has the table's old name goes on calling it as it did.

    Raises:
        NotOnline: a trigger's function says the old name.
    """
    (change,) = changes_of(statement.sql)
    facts = scene.bridging.get(ground.was)
    if (
        isinstance(change, RenameColumn)
        and facts is not None
        and any(says(each, change.column) for each in facts.trigger_sources)
    ):
        why = f"a trigger's function on {ground.was} says {change.column}"
        raise not_online(statement, NoWay(why, f"let it say both names first; or {WAYS}"))
    return made_safe(statement, replace(scene, defers=False)).deferring()


def _again(
    statement: Statement, ground: Ground, number: int, recipe: str, scene: Scene
) -> tuple[Made, Way] | None:
    """The constraint under a name of midair's, until the one that has its name is dropped."""
    table, name = ground.held.relation, ground.held.part or ""
    other = temporary("new", table, name)
    text = compose.with_name(statement.sql, raw(other))
    if text is None:
        return None
    made = made_safe(replace(statement, sql=text), scene)
    pieces = tuple(replace(each, rewrite=each.rewrite or recipe) for each in made.pieces)
    made = replace(made, pieces=pieces, scene=scene.after(changes_of(statement.sql)))
    gone = (f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {other}",)
    return made, Way(
        statement, number, gone, contract=(f"ALTER TABLE {table} RENAME CONSTRAINT {other} TO {name}",)
    )


def way_of(statement: Statement, scene: Scene, deferred: Sequence[Deferred], since: Scene) -> Way:
    """How the way back of these recipes takes the statement back, too; `since` as for `undone`."""
    found = _ground(statement, deferred)
    if found is None:
        return Way(statement, 0, undone(statement, scene, as_is(changes_of(statement.sql)[0]), since))
    number, ground = found
    if ground.sheds and all(_goes_with(part, ground) for part in actions(statement)):
        return Way(statement, number, (), _referred(statement))
    before = _names_before(ground, scene, since)
    names = Named(ground.held.relation, ground.was, ground.was, dict(ground.columns), before)
    return Way(statement, number, undone(statement, scene, names, since))


def _names_before(ground: Ground, scene: Scene, since: Scene) -> dict[str, str]:
    """What the columns were called before the migration, by what they are called now: they keep their places."""
    then, now = since.schema.tables.get(ground.was), scene.schema.tables.get(ground.held.relation)
    if then is None or now is None or len(now.columns) < len(then.columns):
        return dict(ground.columns)
    return {new.name: old.name for old, new in zip(then.columns, now.columns, strict=False)}


def _ground(statement: Statement, deferred: Sequence[Deferred]) -> tuple[int, Ground] | None:
    """What it builds on, with the number of the recipe: what the way back sheds, if there is such."""
    found = [
        (number, ground)
        for number, each in enumerate(deferred)
        for ground in each.phases.grounds
        if any(_goes_with(part, ground) for part in actions(statement))
    ]
    return next((each for each in found if each[1].sheds), found[0] if found else None)


def _goes_with(part: Statement, ground: Ground) -> bool:
    """What it makes is dropped with what it is made on."""
    return touches(part, ground.held) and bears(part, ground)


def _referred(statement: Statement) -> tuple[tuple[str, LockLevel], ...]:
    """The other tables of its foreign keys: both are locked when such a key goes."""
    changes = changes_of(statement.sql)
    names = [each.constraint.references for each in changes if isinstance(each, AddConstraint)]
    return tuple((each, LockLevel.ACCESS_EXCLUSIVE) for each in dict.fromkeys(names) if each is not None)

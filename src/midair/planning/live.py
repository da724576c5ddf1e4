"""What a live program sends, statement by statement: which of it runs apart from the program, and how.

A program's own transaction would hold the locks of its first ALTER until its last row is done. So what
others would wait for is taken out of it: the program's transaction ends there, the statement runs as the
online compiler cuts it, with bounded locks, and the program goes on in a new transaction.
"""

from collections.abc import Sequence

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.migration import Direction
from midair.model.plan import RunLive, Segment
from midair.model.statement import Statement
from midair.planning.lay_out import Item, live_segment
from midair.planning.maker import Maker
from midair.planning.regions import Region, settled
from midair.rewriting.scene import Scene


@frozen
class Taken:
    """One thing a program sends, taken by itself.

    `segments` do it apart from the program; empty where it runs in the program's own transaction. `stays` is why the
    program's transaction must not end any more once this was sent.
    """

    segments: tuple[Segment, ...]
    scene: Scene
    notes: tuple[str, ...] = ()
    stays: str | None = None


def taken(
    item: Item,
    direction: Direction,
    dialect: Dialect,
    scene: Scene,
    statements: Sequence[Statement],
    *,
    outside: bool = False,
) -> Taken:
    """What becomes of statements that a program sends at once. `outside`: it sends them in no transaction."""
    scene = replace(scene, defers=False)  # nothing can be held back from a program that goes on with it
    stays = settled(statements, dialect)
    changes = [changes_of(each.sql) for each in statements]
    if stays is not None:
        for each in changes:
            scene = scene.after(each)
        return Taken((), scene, stays=stays)
    maker = Maker(item, direction, dialect)
    notes: list[str] = []
    if outside:
        for each in statements:
            scene = maker.add(Region((each,), atomic=False), scene, notes, may_cut=True)
        return Taken(maker.segments, scene, tuple(notes))
    scene = maker.add(Region(tuple(statements), atomic=True), scene, notes, may_cut=True)
    apart = maker.would_cut or any(
        level >= LockLevel.SHARE for each in maker.segments for step in each.steps for _, level in step.locks
    )
    return Taken(maker.segments if apart else (), scene, tuple(notes))


def live(
    tool: str, item: Item, direction: Direction, dialect: Dialect, scene: Scene
) -> tuple[Segment, list[str]]:
    """The program as one step, watched where it would keep others waiting, and what the reader should know of it."""
    segment = live_segment(tool, [item], direction)
    name = item.migration.span
    if item.script.whole is not None:
        return segment, [f"{name} runs as its author wrote it, with bounded locks: it {item.script.whole}"]
    apart: list[str] = []
    for block in item.script.blocks:
        for each in block.statements:
            found = taken(item, direction, dialect, scene, [each], outside=not block.atomic)
            if found.stays is not None:
                return segment, [f"{name} runs as its author wrote it, with bounded locks: {found.stays}"]
            if found.segments:
                apart.append(f"{each.span}")
                apart += [f"{each.span} {why}" for why in _rewritten(found)]
            scene = found.scene
    if not apart:
        return segment, [
            f"{name} runs in its own transaction, with bounded locks: what it was seen to send keeps nobody waiting, and what"
            " its rows make it send besides runs as written"
        ]
    (step,) = segment.steps
    assert isinstance(step.action, RunLive)
    step = replace(step, action=replace(step.action, watched=True))
    places = ", ".join(dict.fromkeys(each.split(" ")[0] for each in apart))
    told = [
        f"{name} is watched while it runs: what others would wait for ({places}) runs apart from it, each in its safe form,"
        " and whatever else its rows make it send in transactions of its own in between"
    ]
    return replace(segment, steps=(step,)), [*told, *(each for each in apart if " " in each)]


def _rewritten(found: Taken) -> list[str]:
    names = [step.rewrite for each in found.segments for step in each.steps if step.rewrite is not None]
    return [f"becomes {name}" for name in dict.fromkeys(names)]

"""What a live program sends, statement by statement: which of it runs apart from the program, and how.

A program's own transaction would hold the locks of its first ALTER until its last row is done. So what
others would wait for is taken out of it: the program's transaction ends there, the statement runs as the
online compiler cuts it, with bounded locks, and the program goes on in a new transaction.
"""

from collections.abc import Sequence

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.errors import NotOnline
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.migration import Direction, RevisionId, Script
from midair.model.plan import RunLive, Segment
from midair.model.statement import Statement
from midair.planning.lay_out import Item, live_segment
from midair.planning.maker import Maker
from midair.planning.regions import Region, settled
from midair.rewriting.breaking import breaks
from midair.rewriting.scene import Scene

WAYS_ON = (
    "split it: leave what works on rows in this revision, and put what breaks the application into a revision of its own after it,"
    " which midair does in phases; or run it with --strategy direct in a window in which the application is down"
)
_GUARDED = "; what would break the running application is refused when it comes to it"


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
    """The program as one step, watched where it would keep others waiting, and what the reader should know of it.

    Raises:
        NotOnline: something that it was seen to send would break the running application.
    """
    if scene.defers:
        refuse_breaking(item.migration.revision, item.script, scene)
    segment = _guarded(live_segment(tool, [item], direction), scene)
    besides = _GUARDED if scene.defers else ""
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
            f" its rows make it send besides runs as written{besides}"
        ]
    (step,) = segment.steps
    assert isinstance(step.action, RunLive)
    step = replace(step, action=replace(step.action, watched=True))
    places = ", ".join(dict.fromkeys(each.split(" ")[0] for each in apart))
    told = [
        f"{name} is watched while it runs: what others would wait for ({places}) runs apart from it, each in its safe form,"
        f" and whatever else its rows make it send in transactions of its own in between{besides}"
    ]
    return replace(segment, steps=(step,)), [*told, *(each for each in apart if " " in each)]


def refuse_breaking(revision: RevisionId, script: Script, scene: Scene) -> None:
    """Raises `NotOnline` for a program that would break the running application, with each statement that does."""
    broken: list[str] = []
    for each in script.statements:
        broken += [f"{each.span} {clause}" for clause in breaks(each, scene)]
        scene = scene.after(changes_of(each.sql))
    if broken:
        raise NotOnline(
            f"{revision} has to run as its own program, for it {script.live}, and would break the application that is running:{listed(broken)}",
            state="nothing was changed",
            hint=WAYS_ON,
        )


def listed(clauses: Sequence[str]) -> str:
    """After a colon: one on the same line, several on a line each."""
    return f" {clauses[0]}" if len(clauses) == 1 else "".join(f"\n    {each}" for each in clauses)


def _guarded(segment: Segment, scene: Scene) -> Segment:
    """The program forward: asked about what it sends, because its rows may make it send more than was seen."""
    if not scene.defers:
        return segment
    (step,) = segment.steps
    assert isinstance(step.action, RunLive)
    action = replace(
        step.action, guarded=True, born=tuple(sorted(scene.born)), fresh=tuple(sorted(scene.fresh))
    )
    return replace(segment, steps=(replace(step, action=action),))


def _rewritten(found: Taken) -> list[str]:
    names = [step.rewrite for each in found.segments for step in each.steps if step.rewrite is not None]
    return [f"becomes {name}" for name in dict.fromkeys(names)]

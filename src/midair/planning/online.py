"""Migrations laid out so that nobody waits: each statement's safe form, in as few transactions as keep locks short.

A migration whose statements are all brief stays the one transaction its author wrote. One that is not
is cut: what the server refuses in a transaction and what grows with a table stands by itself, and no
transaction holds strong locks on more tables than one statement needs. The tool's history row
commits with the last step.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import is_ours
from midair.model.contract import Contract
from midair.model.frozen import replace
from midair.model.migration import Direction, Migration, RevisionId, Script
from midair.model.plan import Plan, RecordRevision, RunLive, Segment
from midair.model.schema import bare_name
from midair.model.statement import Sql
from midair.planning.contracting import (
    Undoing,
    contracts_of,
    undoing,
)
from midair.planning.guarded import Guards
from midair.planning.held import closes_way_back, refuse_held
from midair.planning.intents import told
from midair.planning.lay_out import (
    Item,
    around,
    refuse_irreversible,
    segments_of,
)
from midair.planning.live import live
from midair.planning.maker import Maker
from midair.planning.regions import regions_of, settled
from midair.rewriting.lingering import LEAVING, needed
from midair.rewriting.scene import Scene

BuildsOn = Callable[[Migration, RevisionId], bool]
"""Whether a rollback of an earlier migration takes this one back as well."""


def lay_out_online(
    tool: str,
    direction: Direction,
    items: Sequence[Item],
    dialect: Dialect,
    scene: Scene,
    *,
    prologue: Script | None = None,
    epilogue: Script | None = None,
    before: tuple[RevisionId, ...] = (),
    prepare: tuple[Sql, ...] = (),
    begun: Plan | None = None,
    waiting: Sequence[Contract] = (),
    builds_on: BuildsOn = lambda later, earlier: True,
) -> Plan:
    """The plan that stops nobody, on the schema that `scene` shows.

    `begun` is the plan that a cut-off run followed: a migration it left half done is finished by it,
    as long as its source is the same. `waiting` are the contracts that are open now: forward, nothing
    may touch what they hold; backward, a migration's own are undone in place of its author's words.

    Raises:
        Irreversible: a migration to be undone has no way back.
        NotOnline: a change would break the running application, and no recipe covers it.
        GateInTheWay: a migration touches what an earlier one still has to contract.
    """
    back = _ways_back(items, waiting) if direction is Direction.DOWN else {}
    segments = [*around(prologue, direction, dialect, "before the run")]
    sources, notes, held = dict[RevisionId, str](), list[str](), list(waiting)
    scene = _without_leaving(scene, waiting) if direction is Direction.UP else scene
    guards = Guards(scene, prologue.statements if prologue else ())
    for item in items:
        revision = item.migration.revision
        sources[revision] = _source(tool, item, direction, dialect)
        kept = _from(begun, item, direction, sources[revision])
        if kept:
            segments += kept
            scene = _past(item, scene, guards, held)
            held += contracts_of(kept)
            continue
        if direction is Direction.UP:
            notes += _judged(item, held, builds_on)
        run, undone = back.get(revision, (item, ()))
        made, scene, said = _migration(tool, run, direction, dialect, scene, undone, guards, held)
        notes += (*told(item.script), *said)
        segments += made
        held += contracts_of(made)
    segments += around(epilogue, direction, dialect, "after the run")
    return Plan(
        tool=tool,
        direction=direction,
        segments=tuple(segments),
        revisions=tuple(item.migration.revision for item in items),
        before=before,
        prepare=prepare,
        checksums=tuple((item.migration.revision, item.migration.checksum or "") for item in items),
        strategy="online",
        notes=tuple(dict.fromkeys(notes)),
        sources=tuple(sources.items()),
    )


def _judged(item: Item, held: Sequence[Contract], builds_on: BuildsOn) -> list[str]:
    """What to know of a migration that meets open contracts; raises `GateInTheWay` where it must wait for one."""
    refuse_held(item.script.statements, held, partial(builds_on, item.migration))
    return closes_way_back(item.migration, item.script.statements, held)


def _without_leaving(scene: Scene, waiting: Sequence[Contract]) -> Scene:
    """The schema that an author goes on from: what only waits for its contract is gone, and with it the keys it has elsewhere.

    What a recipe keeps beside it until then is there, and stands in the way of another of its name.
    """
    for contract in waiting:
        changes = (change for sql in contract.statements for change in changes_of(sql))
        leaving = tuple(
            each for each in changes if isinstance(each, LEAVING) and not is_ours(bare_name(each.table))
        )
        after = scene.after(leaving)
        lingers = scene.lingering | needed(leaving, scene, after.schema)
        scene = replace(scene, schema=after.schema, lingering=lingers)
    return scene


def _ways_back(
    items: Sequence[Item], waiting: Sequence[Contract]
) -> dict[RevisionId, tuple[Item, tuple[Undoing, ...]]]:
    """What is run to take each migration back; raises `Irreversible` where there is no way."""
    back = {item.migration.revision: undoing(item, waiting) for item in items}
    refuse_irreversible([item for item, undone in back.values() if not undone], Direction.DOWN)
    return back


def _source(tool: str, item: Item, direction: Direction, dialect: Dialect) -> str:
    """A digest of what the author wrote, by the steps that it would be without a rewrite."""
    steps = [
        step.id
        for segment in segments_of(tool, item, direction, dialect)
        for step in segment.steps
        if not isinstance(step.action, RecordRevision)
    ]
    return sha256("\n".join(steps).encode()).hexdigest()[:16]


def _from(begun: Plan | None, item: Item, direction: Direction, source: str) -> tuple[Segment, ...]:
    """Its segments in the plan it was begun with, where its source is the same: its statements, or the file of a program."""
    revision, checksum = item.migration.revision, item.migration.checksum
    if begun is None or begun.direction is not direction:
        return ()
    kept = tuple(each for each in begun.segments if {step.revision for step in each.steps} == {revision})
    if any(isinstance(step.action, RunLive) and step.action.watched for each in kept for step in each.steps):
        return kept  # what it sends is compared with what it sent: its file may be edited behind that place
    same_file = checksum is not None and dict(begun.checksums).get(revision) == checksum
    if dict(begun.sources).get(revision) != source and (item.script.statements or not same_file):
        return ()
    return kept


def _past(item: Item, scene: Scene, guards: Guards, held: Sequence[Contract]) -> Scene:
    """The scene after a migration of which half is in the schema already: its plan is not made anew."""
    for each in guards.met(item.script.statements, scene, held):
        scene = scene.after(each.changes)
    return scene


def _migration(
    tool: str,
    item: Item,
    direction: Direction,
    dialect: Dialect,
    scene: Scene,
    undone: Sequence[Undoing],
    guards: Guards,
    held: Sequence[Contract],
) -> tuple[list[Segment], Scene, list[str]]:
    if item.script.live is not None and not undone:
        segment, notes = live(tool, item, direction, dialect, scene)
        guards.lost(f"{item.migration.span} is a program, which may do more than it was seen to do")
        for statement in item.script.statements:
            scene = scene.after(changes_of(statement.sql))
        return [segment], scene, notes
    maker = Maker(item, direction, dialect, undone, None if undone else guards, held)
    notes: list[str] = []
    stays = settled(item.script.statements, dialect)
    for region in regions_of(item.script.blocks, dialect):
        scene = maker.add(region, scene, notes, may_cut=not stays)
    if stays and maker.would_cut:
        notes.append(f"{item.migration.span} stays as its author cut it: {stays}")
    return maker.finished(), scene, notes

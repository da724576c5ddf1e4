"""What a run left half done goes on as it was begun, whatever the environment is set to by now."""

from collections.abc import Sequence
from dataclasses import replace

from midair.errors import HistoryDiverged
from midair.execution.begun import in_parts
from midair.journal import Journal, OpenStep
from midair.model.migration import Direction, Migration, RevisionId
from midair.model.plan import LIVE, Plan, RunLive, Step, takes_back
from midair.pipeline.opening import Opened
from midair.pipeline.request import strategy_of


def half_done(opened: Opened) -> frozenset[RevisionId]:
    """The migrations that a run began and that are not recorded."""
    return frozenset(each.revision for each in _open_steps(opened))


def strategy_now(opened: Opened, chosen: Sequence[Migration], direction: Direction) -> str:
    """The one that the first of these to be half done was begun with; else what is asked for.

    Half of its steps are in the schema, whoever insists on what: `Guarding` alone hears of that.
    """
    planned = {each.revision for each in chosen}
    begun = [
        each.strategy
        for each in _open_steps(opened)
        if each.direction == direction and each.revision in planned
    ]
    return begun[0] if begun else strategy_of(opened.request, opened.session.address)


def finishes_first(opened: Opened, made: Plan) -> bool:
    """Whether the plan holds only what a run left half done, and what comes after it is to be planned once that is over.

    What a program left stands in the schema. And what was begun with another strategy than this command's is finished
    with it, which says nothing about what comes after it.
    """
    program = begun_programs(opened)
    if program is not None and program.direction is made.direction:
        return True
    asked = strategy_of(opened.request, opened.session.address)
    begun = [
        each
        for each in _open_steps(opened)
        if each.direction == made.direction and each.revision in made.revisions
    ]
    return any(each.strategy != asked for each in begun)


def told(opened: Opened, made: Plan, chosen: Sequence[Migration]) -> Plan:
    """The plan, with a note where it goes on otherwise than this command would."""
    asked, was = (
        strategy_of(opened.request, opened.session.address),
        strategy_now(opened, chosen, made.direction),
    )
    if was == asked:
        return made
    names = ", ".join(each.revision for each in chosen)
    note = f"{names} was begun with strategy {was}, and is finished so, by itself; what comes after it runs {asked}"
    return replace(made, notes=(note, *made.notes))


def begun_here(opened: Opened) -> Plan | None:
    """The plan of a run that was cut off, for what of it is to be finished by that very plan."""
    if opened.source.unrun is not None:
        return begun_programs(opened)
    return Journal(opened.session, opened.project.tool).begun_plan()


def begun_programs(opened: Opened) -> Plan | None:
    """The plan of a run that was cut off in the middle of a migration that is a program, to be finished by that very plan.

    A program is made statements by running it on the schema as it was before: that schema is gone. One of which nothing is
    left may be edited, and is begun anew; one that is watched may be edited behind the place that it came to.

    Raises:
        HistoryDiverged: the migration's file was edited since.
    """
    if opened.source.unrun is None:
        return None
    plan = Journal(opened.session, opened.project.tool).begun_plan()
    if plan is None:
        return None
    begun, kept = set(half_done(opened)), dict(plan.checksums)
    for each in opened.project.migrations:
        if each.revision not in begun or kept.get(each.revision, "") == (each.checksum or ""):
            continue
        if _left_nothing(opened, plan, each.revision):
            begun.discard(each.revision)
        elif not any(program.watched for program in _programs(plan, each.revision)):
            raise HistoryDiverged(
                f"{each.revision} is half applied, and its file was edited since",
                state="nothing was changed now; the steps that ran are still in place",
                hint=f"restore the file and run `midair resume`, or finish by hand and say `midair repair {each.revision} --done`",
            )
    return plan if begun & set(plan.revisions) else None


def rest_of(begun: Plan, chosen: Sequence[Migration], before: tuple[RevisionId, ...]) -> Plan:
    """What is left of a plan that runs as written, of these migrations alone."""
    wanted = {each.revision for each in chosen}
    # A tool that runs several in one transaction would take others along, which are to be planned anew.
    parts = [
        replace(each, steps=tuple(step for step in each.steps if step.revision in wanted))
        for each in begun.segments
    ]
    segments = tuple(each for each in parts if each.steps)
    together = {
        revision
        for each in segments
        for step in each.steps
        if isinstance(step.action, RunLive)
        for revision in step.action.revisions
    }
    revisions = tuple(each for each in begun.revisions if each in wanted | together)
    return replace(begun, segments=segments, revisions=revisions, before=before, prepare=(), notes=())


def kept_for(made: Plan) -> tuple[tuple[RevisionId, str], ...]:
    """Migrations as written that a crash could leave half done, for which the plan is to be kept.

    A program that runs by itself needs no plan: what it sends is not known before.
    """
    by_itself = {step.revision for step in made.steps if isinstance(step.action, RunLive)}
    return tuple((each, "") for each in made.revisions if each in in_parts(made) - by_itself)


def _open_steps(opened: Opened) -> tuple[OpenStep, ...]:
    found = Journal(opened.session, opened.project.tool).open_steps()
    return tuple(each for each in found if not takes_back(each.id))


def _programs(plan: Plan, revision: RevisionId) -> tuple[RunLive, ...]:
    return tuple(step.action for step in _of(plan, revision) if isinstance(step.action, RunLive))


def _of(plan: Plan, revision: RevisionId) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if step.revision == revision)


def _left_nothing(opened: Opened, plan: Plan, revision: RevisionId) -> bool:
    """Its program began one transaction, and nothing that it sent was committed."""
    steps = _of(plan, revision)
    programs = _programs(plan, revision)
    own = {step.id for step in steps}
    parts = [
        each
        for each in _open_steps(opened)
        if each.revision == revision and each.id not in own and f":{LIVE}:" in each.id
    ]
    return bool(programs) and all(each.atomic for each in programs) and not parts

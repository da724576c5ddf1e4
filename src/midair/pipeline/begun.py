"""What a run left half done goes on as it was begun, whatever the environment is set to by now."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from midair.errors import HistoryDiverged
from midair.execution.begun import in_parts
from midair.journal import Journal, OpenStep
from midair.model.frozen import frozen
from midair.model.migration import Direction, Migration, RevisionId
from midair.model.plan import Plan, RunLive, takes_back
from midair.pipeline.opening import Opened
from midair.pipeline.request import strategy_of


@frozen
class Left:
    """What a run left half done: its open steps, oldest first, the plan they belong to, and the strategy asked for now.

    `program` is the plan where it is to be finished by that very one and by nothing else: a migration that is a program is
    made statements by running it on the schema as it was before, and that schema is gone.
    """

    steps: tuple[OpenStep, ...]
    plan: Plan | None
    program: Plan | None
    asked: str

    @property
    def revisions(self) -> frozenset[RevisionId]:
        """The migrations that were begun and are not recorded."""
        return frozenset(each.revision for each in self.steps)

    def strategy(self, chosen: Collection[RevisionId], direction: Direction) -> str:
        """The one that the first of these to be half done was begun with; else what is asked for.

        Half of its steps are in the schema, whoever insists on what: `Guarding` alone hears of that.
        """
        begun = [each for each in self.steps if each.direction == direction and each.revision in chosen]
        return begun[0].strategy if begun else self.asked


def left(opened: Opened) -> Left:
    """What there is to go on with.

    Raises:
        HistoryDiverged: the file of a half-done migration that is a program was edited since.
    """
    journal = Journal(opened.session, opened.project.tool)
    steps = tuple(each for each in journal.open_steps() if not takes_back(each.id))
    asked = strategy_of(opened.request, opened.session.address)
    plan = journal.begun_plan() if steps else None
    if opened.source.unrun is None or plan is None:
        return Left(steps, plan, None, asked)
    program = _programs_of(opened, plan, steps)
    return Left(steps, program, program, asked)


def finishes_first(opened: Opened, made: Plan) -> bool:
    """Whether the plan holds only what a run left half done, and what comes after it is to be planned once that is over.

    What a program left stands in the schema. And what was begun with another strategy than this command's is finished
    with it, which says nothing about what comes after it.
    """
    begun = left(opened)
    if begun.program is not None and begun.program.direction is made.direction:
        return True
    return begun.strategy(made.revisions, made.direction) != begun.asked


def told(begun: Left, made: Plan, chosen: Sequence[Migration]) -> Plan:
    """The plan, with a note where it goes on otherwise than this command would."""
    names = [each.revision for each in chosen]
    was = begun.strategy(names, made.direction)
    if was == begun.asked:
        return made
    note = f"{', '.join(names)} was begun with strategy {was}, and is finished so, by itself; what comes after it runs {begun.asked}"
    return replace(made, notes=(note, *made.notes))


def _programs_of(opened: Opened, plan: Plan, steps: Sequence[OpenStep]) -> Plan | None:
    """The plan, as far as something of it is half done and cannot be begun anew.

    A program of which nothing is left may be edited, and is begun anew; one that is watched may be edited behind the place that
    it came to.
    """
    begun, kept = {each.revision for each in steps}, dict(plan.checksums)
    for each in opened.project.migrations:
        if each.revision not in begun or kept.get(each.revision, "") == (each.checksum or ""):
            continue
        own = [step for step in plan.steps if step.revision == each.revision]
        programs = [step.action for step in own if isinstance(step.action, RunLive)]
        parts = {step.id for step in steps if step.revision == each.revision} - {step.id for step in own}
        if programs and all(program.atomic for program in programs) and not parts:
            begun.discard(each.revision)
        elif not any(program.watched for program in programs):
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
    parts = in_parts(made) - by_itself
    return tuple((each, "") for each in made.revisions if each in parts)

"""Takes a half-applied migration back, step by step, newest first: `repair REVISION --undo`."""

from collections.abc import Iterator, Sequence

from midair.dialects.dialect import dialect_of
from midair.dialects.postgresql.changes import changes_of
from midair.errors import Irreversible, Refused
from midair.journal import Journal
from midair.model.backfill import Backfill
from midair.model.change import AttachPartition, DetachPartition, DropIndex, ValidateConstraint
from midair.model.concealed import title_of
from midair.model.effects import LockLevel
from midair.model.migration import Direction, RevisionId
from midair.model.plan import Phase, Plan, RecordRevision, RunStatement, Segment, Step, undo_step_id
from midair.model.statement import Span, Sql, Statement
from midair.pipeline.opening import Opened


def taking_back(opened: Opened, revision: RevisionId, clean: tuple[Sql, ...]) -> Plan:
    """What undoes the steps of a half-applied migration, newest first; the last one forgets it with `clean`.

    Raises:
        Refused: nothing of it is half applied, or it was not begun online.
        Irreversible: a step that ran cannot be taken back.
    """
    steps = _begun(opened, revision)
    stuck = [each for each in steps if not each.undo and not _leaves_nothing(each, steps)]
    if stuck:
        raise Irreversible(
            f"{revision} cannot be taken back: nothing undoes {stuck[0].title!r}",
            state="nothing was changed now; the steps that ran are still in place",
            hint="midair resume finishes it; then midair rollback uses the tool's own way back",
        )
    segments = [*_undoing(opened, revision, steps)]
    forget = Step(
        undo_step_id(revision, len(segments), "forget"), revision, Direction.DOWN, Phase.EXPAND,
        f"forget {revision}", RecordRevision(clean),
    )  # fmt: skip
    segments.append(Segment((forget,), True, f"{revision}: nothing of it is left"))
    return Plan(opened.project.tool, Direction.DOWN, tuple(segments), (), strategy="online")


def _begun(opened: Opened, revision: RevisionId) -> tuple[Step, ...]:
    """The steps of it that may have left something, in order."""
    journal = Journal(opened.session)
    begun = [each.id for each in journal.open_steps() if each.revision == revision and each.direction == "up"]
    if not begun:
        raise Refused(f"{revision} is not half applied", hint="midair rollback takes back what is recorded")
    plan = journal.begun_plan()
    steps = [each for each in plan.steps if each.revision == revision] if plan else []
    last = max((number for number, each in enumerate(steps) if each.id in begun), default=-1)
    if last < 0:
        raise Refused(
            f"{revision} was not begun online: how its steps are undone is not known",
            hint="midair resume finishes it; or undo it by hand and say midair repair --not-done",
        )
    # A transaction is journalled by its last step; those before it are in all the same.
    return tuple(steps[: last + 1])


def _leaves_nothing(step: Step, steps: Sequence[Step]) -> bool:
    """Nothing of it is left once the other steps are undone."""
    match step.action:
        case RecordRevision():
            return True
        case RunStatement(statement=statement):
            changes = changes_of(statement.sql)
            if all(isinstance(each, ValidateConstraint) for each in changes):
                return True
            if any(isinstance(each, DropIndex | AttachPartition | DetachPartition) for each in changes):
                return False
        case Backfill():
            pass
        case _:
            return False
    # A rewrite's later steps work on what its first one made, and go with it.
    made = [each for each in steps if each.origin is not None and each.origin == step.origin and each.undo]
    return step.rewrite is not None and bool(made)


def _undoing(opened: Opened, revision: RevisionId, steps: Sequence[Step]) -> Iterator[Segment]:
    dialect = dialect_of(opened.session.product)
    ways = [(step, Statement(sql.text, _span(step))) for step in reversed(steps) for sql in step.undo]
    for number, (step, statement) in enumerate(ways):
        alone = dialect.stands_alone(statement)
        patient = alone and dialect.waits_harmlessly(statement)
        # Taking away asks for more than adding did: dropping a key locks both of its tables.
        locks = () if alone else tuple((name, LockLevel.ACCESS_EXCLUSIVE) for name, _ in step.locks)
        title = title_of(statement.sql)
        action = RunStatement(statement, alone=alone, repeatable=True, patient=patient)
        undone = Step(
            undo_step_id(revision, number, statement.sql), revision, Direction.DOWN, step.phase, title, action, locks=locks
        )  # fmt: skip
        yield Segment((undone,), not alone, f"{revision}: undoes {step.title}")


def _span(step: Step) -> Span:
    match step.action:
        case RunStatement(statement=statement) | Backfill(statement=statement):
            return statement.span
        case _:
            return Span(str(step.revision), 1)

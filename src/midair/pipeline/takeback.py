"""Takes a half-applied migration back, step by step, newest first: `rollback`, or `repair REVISION --undo`."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from midair.dialects.dialect import dialect_of
from midair.dialects.postgresql.changes import changes_of
from midair.errors import Dirty, Irreversible, Refused
from midair.journal import Journal, OpenStep, backfills
from midair.journal.programs import all_forgotten
from midair.model.backfill import Backfill
from midair.model.change import AttachPartition, DetachPartition, DropIndex, ValidateConstraint
from midair.model.concealed import title_of
from midair.model.contract import Contract
from midair.model.effects import LockLevel
from midair.model.frozen import frozen
from midair.model.migration import Applied, Direction, Migration, RevisionId, State
from midair.model.plan import (
    Gate,
    Phase,
    Plan,
    RecordRevision,
    RunLive,
    RunStatement,
    Segment,
    Step,
    StepId,
    live_place_of,
    undo_step_id,
)
from midair.model.statement import Span, Sql, Statement
from midair.pipeline.opening import Opened
from midair.pipeline.standings import history_before
from midair.planning.choose import find
from midair.rewriting.piece import Piece

_SHOWN = 4
"""So many of the things a program did are told."""


def taking_back(opened: Opened, revision: RevisionId, clean: tuple[Sql, ...]) -> Plan:
    """What undoes the steps of a half-applied migration, newest first; the last one forgets it with `clean`.

    Raises:
        Refused: nothing of it is half applied, or it was not begun online.
        Irreversible: a step that ran cannot be taken back.
    """
    steps, contracts = _begun(opened, revision)
    _refuse_program(opened, revision, steps)
    turned = {each.id: contract for each in steps for contract in contracts if _is_way_back(each, contract)}
    over = {each.id for each in Journal(opened.session, opened.project.tool).open_steps() if not each.running}
    ahead = [contract for contract in turned.values() if _back_steps(contract)[-1].id not in over]
    _refuse_unmet(opened, ahead)
    along = {each for contract in turned.values() for each in contract.along}
    stuck = [
        each
        for each in steps
        if not each.undo and each.origin not in along and not _leaves_nothing(each, steps)
    ]
    if stuck:
        raise Irreversible(
            f"{revision} cannot be taken back: nothing undoes {stuck[0].title!r}",
            state="nothing was changed now; the steps that ran are still in place",
            hint="midair resume finishes it; then midair rollback uses the tool's own way back",
        )
    segments = [*_undoing(opened, revision, steps, turned, ahead)]
    lanes = [sql for each in steps if isinstance(each.action, Backfill) for sql in backfills.forget(each.id)]
    journal = Journal(opened.session, opened.project.tool)
    reads = all_forgotten(
        opened.session, [each for each in journal.open_steps() if each.revision == revision]
    )
    forget = Step(
        undo_step_id(revision, sum(len(each.undo) for each in steps), "forget"), revision, Direction.DOWN, Phase.EXPAND,
        f"forget {revision}", RecordRevision((*clean, *lanes, *reads)),
    )  # fmt: skip
    segments.append(Segment((forget,), True, f"{revision}: nothing of it is left"))
    return Plan(opened.project.tool, Direction.DOWN, tuple(segments), (), strategy="online")


def abort_of(opened: Opened, revision: str) -> Plan:
    """What leaves nothing of a migration that a run left half applied, found by its revision or the beginning of it."""
    begun = begun_migration(opened, revision)
    return taking_back(opened, begun.migration.revision, clean_marks(opened, begun))


@frozen
class Begun:
    """A migration that a run began, and the history without the mark of that. `marked`: the history has a row about it."""

    migration: Migration
    applied: Sequence[Applied]
    marked: bool


def begun_migration(opened: Opened, revision: str) -> Begun:
    """The migration by its revision or the beginning of it, as the tool's history has it."""
    project, session = opened.project, opened.session
    applied: Sequence[Applied] = project.history.read(session)
    try:
        standings = opened.source.compare(project, tuple(applied))
    except Dirty as error:
        applied = history_before(error, Journal(session, project.tool).open_steps()) or ()
        standings = opened.source.compare(project, tuple(applied))
        return Begun(find(standings, revision), applied, marked=True)
    migration = find(standings, revision)
    unmarked = (State.PENDING, State.LATE)
    state = next(each.state for each in standings if each.revision == migration.revision)
    return Begun(migration, applied, marked=state not in unmarked)


def clean_marks(opened: Opened, begun: Begun) -> tuple[Sql, ...]:
    """What puts the history back to before a migration that was begun: forgetting it."""
    if not begun.marked:
        return ()
    forget = opened.project.history.forget
    return tuple(
        sql
        for mark in forget(opened.session, [begun.migration], begun.applied)
        for sql in (mark.within or mark.after)
    )


def half_applied(opened: Opened, target: str | None) -> RevisionId | None:
    """The migration that a run left half applied, where `target` means it: the last one, or it by its name."""
    journal = Journal(opened.session, opened.project.tool)
    begun = [
        each.revision for each in journal.open_steps() if each.direction == Direction.UP and each.revision
    ]
    plan = journal.begun_plan() if begun else None
    if (
        plan is None
        or plan.direction is not Direction.UP
        or begun[-1] not in {each.revision for each in plan.steps}
    ):
        return None
    return RevisionId(begun[-1]) if target in (None, "-1", "1", begun[-1]) else None


def _is_way_back(step: Step, contract: Contract) -> bool:
    """The step is the one from which the recipe's own way back is right."""
    return bool(step.undo) and tuple(each.text for each in step.undo) == contract.undo


def _refuse_unmet(opened: Opened, turned: Collection[Contract]) -> None:
    for need in (need for each in turned for need in each.undo_needs):
        number = opened.session.query(need.count.text, need.count.parameters)[0][0]
        if number:
            raise Refused(
                f"{number} {need.otherwise}",
                state="nothing was changed now; the steps that ran are still in place",
            )


def _begun(opened: Opened, revision: RevisionId) -> tuple[tuple[Step, ...], tuple[Contract, ...]]:
    """The steps of it that may have left something, in order; and what would wait, had all been done."""
    journal = Journal(opened.session, opened.project.tool)
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
    return tuple(steps[: last + 1]), tuple(
        each.action.contract for each in steps if isinstance(each.action, Gate)
    )


def _refuse_program(opened: Opened, revision: RevisionId, steps: Sequence[Step]) -> None:
    """Raises where the migration is a program that may have committed something on its way: none of that says how it is undone."""
    program = next((each for each in steps if isinstance(each.action, RunLive)), None)
    if program is None:
        return
    project, session = opened.project, opened.session
    standings = opened.source.compare(project, tuple(project.history.read(session)))
    if any(each.revision == revision and each.state is State.APPLIED for each in standings):
        raise Refused(
            f"{revision} is recorded: its own program came to its end",
            state="nothing was changed now",
            hint="midair resume closes what the journal left open; midair rollback takes it back",
        )
    open_steps = [each for each in Journal(session, project.tool).open_steps() if each.revision == revision]
    did = [each for each in open_steps if each.id != program.id]
    if did or not (isinstance(program.action, RunLive) and program.action.atomic):
        told = f": {_what_it_did(did)}" if did else ""
        raise Irreversible(
            f"{revision} cannot be taken back: it runs as its own program, and nothing says how to undo what that committed on its way{told}",
            state="nothing was changed now; what it did is still in place, and the tool has not recorded it",
            hint=f"midair resume finishes it, then midair rollback uses its own downgrade; or take it back by hand and say"
            f" midair repair {revision} --not-done",
        )


def _what_it_did(steps: Sequence[OpenStep]) -> str:
    """The first things that were done apart from it, and the last place it came to."""
    places = sorted((place, each.title) for each in steps if (place := live_place_of(each.id)))
    apart = [each.title for each in steps if live_place_of(each.id) is None]
    told = [*apart[:_SHOWN], *(["…"] if len(apart) > _SHOWN else []), *(title for _, title in places[-1:])]
    return "; ".join(told)


def _leaves_nothing(step: Step, steps: Sequence[Step]) -> bool:
    """Nothing of it is left once the other steps are undone."""
    match step.action:
        case RecordRevision() | RunLive():
            return True  # a program that has committed something was refused before
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


def _undoing(
    opened: Opened,
    revision: RevisionId,
    steps: Sequence[Step],
    turned: Mapping[StepId, Contract],
    ahead: Collection[Contract],
) -> Iterator[Segment]:
    dialect = dialect_of(opened.session.product)
    number, covered = 0, None
    for step in reversed(steps):
        if step.id in turned:
            yield from _turning(opened, turned[step.id], begins=turned[step.id] in ahead)
            covered = step.origin
        elif step.origin != covered:
            covered = None
        if covered is not None:
            number += len(step.undo)  # the recipe's own way back takes all of it
            continue
        for sql in step.undo:
            statement = Statement(sql.text, _span(step))
            alone = dialect.stands_alone(statement)
            patient = alone and dialect.waits_harmlessly(statement)
            # Taking away asks for more than adding did: dropping a key locks both of its tables.
            locks = () if alone else tuple((name, LockLevel.ACCESS_EXCLUSIVE) for name, _ in step.locks)
            action = RunStatement(statement, alone=alone, repeatable=True, patient=patient)
            undone = Step(
                undo_step_id(revision, number, statement.sql), revision, Direction.DOWN, step.phase,
                title_of(statement.sql), action, locks=locks,
            )  # fmt: skip
            number += 1
            yield Segment((undone,), not alone, f"{revision}: undoes {step.title}")


def _back_steps(contract: Contract) -> tuple[Step, ...]:
    """The exchange backwards: the same steps whatever the schema has become meanwhile."""
    return tuple(
        _step(contract, Piece(sql, locks=contract.undo_locks), number)
        for number, sql in enumerate(contract.undo)
    )


def _turning(opened: Opened, contract: Contract, *, begins: bool) -> Iterator[Segment]:
    """The recipe's own way back: what it needs first, the exchange backwards in one transaction, what finishes it.

    `begins`: the exchange is still to come. Once it is over the schema is another, and what it needed first is gone.
    """
    if begins:
        yield from _made_safe(opened, contract, contract.undo_first)
    if contract.undo_locks:
        yield Segment(_back_steps(contract), True, f"{contract.revision}: undoes {contract.recipe}")
    else:
        yield from _made_safe(opened, contract, contract.undo)
    yield from _made_safe(opened, contract, contract.undo_after)


def _made_safe(opened: Opened, contract: Contract, naive: Sequence[str]) -> Iterator[Segment]:
    from midair.dialects.postgresql.snapshot import snapshot
    from midair.rewriting.make_safe import as_pieces
    from midair.rewriting.scene import scene_of

    if not naive:
        return
    session = opened.session
    scene = scene_of(snapshot(session), session.server_version // 10_000, opened.request.small_table_bytes)
    made = as_pieces(contract.origin, tuple(Piece(each, again=True) for each in naive), scene)
    for each in made.pieces:
        why = f"{contract.revision}: for the way back of {contract.recipe}"
        yield Segment((_step(contract, each, 0),), not each.alone and each.action is None, why)


def _step(contract: Contract, piece: Piece, number: int) -> Step:
    statement = Statement(piece.sql, contract.origin.span)
    action = piece.action or RunStatement(
        statement, alone=piece.alone, repeatable=True, repair=piece.repair, patient=piece.patient
    )
    return Step(
        undo_step_id(contract.revision, number, f"{contract.id} {piece.sql}"),
        contract.revision,
        Direction.DOWN,
        Phase.EXPAND,
        title_of(piece.sql),
        action,
        piece.probe,
        rewrite=contract.recipe,
        locks=piece.locks,
    )


def _span(step: Step) -> Span:
    match step.action:
        case RunStatement(statement=statement) | Backfill(statement=statement):
            return statement.span
        case _:
            return Span(str(step.revision), 1)

"""Runs a plan segment by segment; every crash point leaves a state that `resume` understands.

An atomic segment is one message, `BEGIN; steps; journal; COMMIT`: it happened with its record, or
not at all. Outside a transaction each step commits together with its own completion; only what
the server refuses in a transaction leaves a gap, which the step's probe closes.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import uuid4

from midair.database.session import Session
from midair.dialects.dialect import Dialect
from midair.errors import (
    CommitUnanswered,
    ConnectionLost,
    ExecutionError,
    HistoryDiverged,
    Interrupted,
    LeaseLost,
    LockNotAcquired,
    LockTimeout,
    MidairError,
    MigrationFailed,
    OutcomeUnknown,
    StatementFailed,
    Stopped,
)
from midair.execution import backfill, bounded, locks
from midair.execution.services import Bounds, Clock, LiveProgram, Reconnect, Reporter, pause_s
from midair.execution.together import Numbered, groups
from midair.journal import LEASE_LOST, Journal, OpenStep, contracts
from midair.model.address import Product
from midair.model.backfill import Backfill
from midair.model.effects import LockLevel
from midair.model.event import (
    LockWaited,
    Noticed,
    RunFinished,
    RunStarted,
    SegmentDone,
    SegmentStarted,
    StepDone,
    StepStarted,
)
from midair.model.migration import Direction, RevisionId
from midair.model.outcome import Done
from midair.model.plan import (
    LIVE,
    CloseGate,
    Gate,
    Plan,
    RecordRevision,
    RunLive,
    RunStatement,
    Segment,
    Step,
    StepId,
    takes_back,
)
from midair.model.statement import Sql, Statement


@dataclass(frozen=True, slots=True)
class Flight:
    """Everything one execution works with; nothing in it changes while it runs."""

    plan: Plan
    session: Session
    journal: Journal
    dialect: Dialect
    bounds: Bounds
    clock: Clock
    reporter: Reporter
    reconnect: Reconnect
    live: LiveProgram | None = None
    lone_build_keys: tuple[int, ...] = ()
    """The tool's lock keys that must be free while a statement runs alone (other-tools.md §1, Danger)."""
    lease: str = "midair"
    """What is taken for as long as the run lasts: one name a history table."""
    run_id: str = field(default_factory=lambda: uuid4().hex[:12])

    checksums: Mapping[RevisionId, str] = field(default_factory=dict[RevisionId, str])
    """The files' digests by revision."""
    ends: frozenset[StepId] = frozenset()
    """The last step of each migration: its completion completes the migration."""
    in_parts: frozenset[RevisionId] = frozenset()
    """The migrations that leave open steps behind them until they are complete."""


def execute(flight: Flight) -> Done:
    """Does everything the plan says that is not done yet, and records it.

    Raises:
        MigrationFailed: a statement was refused; earlier migrations stay, this one's transaction is undone.
        LockNotAcquired: the lock budget is spent.
        Stopped: Ctrl-C.
        ConnectionLost, OutcomeUnknown: the server went away.
        HistoryDiverged: a half-applied migration's file was edited.
    """
    plan, journal, session = flight.plan, flight.journal, flight.session
    last_steps = {step.revision: step.id for step in plan.steps if step.revision is not None}
    began = flight.clock.now()
    open_steps = {each.id: each for each in journal.open_steps()}
    in_parts = _in_parts(plan) | {each.revision for each in open_steps.values()}
    flight = replace(
        flight, checksums=dict(plan.checksums), ends=frozenset(last_steps.values()), in_parts=in_parts
    )
    _refuse_strangers(plan, open_steps.values())
    journal.take_lease(flight.lease, flight.run_id, getattr(session, "backend_pid", None))
    start = journal.start(flight.run_id, plan, getattr(session, "backend_pid", None))
    kept = [journal.keep(plan)] if plan.sources else []
    began_at = journal.event(flight.run_id, "run_started")
    session.run([*journal.close_abandoned(), start, *kept, began_at], atomic=True)
    resumes = next(iter(open_steps), None)
    flight.reporter.hear(RunStarted(flight.run_id, plan.digest, len(plan.segments), resumes))
    recorded = 0
    try:
        for group in groups(plan.segments):
            arrived, took = _send_together(flight, group) if len(group) > 1 and not open_steps else (0, 0.0)
            recorded += sum(
                _completes(flight, step) for each in group[:arrived] for step in each.segment.steps
            )
            for each in group[:arrived]:
                flight.reporter.hear(SegmentDone(each.segment, each.number, took))
            for each in group[arrived:]:
                _run_segment(flight, each.segment, each.number, open_steps)
                recorded += sum(_completes(flight, step) for step in each.segment.steps)
    except BaseException as error:
        raise _ended(flight, error, recorded) from error
    session.run([journal.finish(flight.run_id, "done", recorded)], atomic=True)
    flight.reporter.hear(RunFinished(flight.run_id, "done", flight.clock.now() - began, recorded))
    return Done(flight.run_id, recorded)


def _completes(flight: Flight, step: Step) -> int:
    """How many migrations are complete once this step is."""
    if isinstance(step.action, RunLive):
        return len(step.action.revisions)
    return int(step.id in flight.ends)


def _in_parts(plan: Plan) -> frozenset[RevisionId]:
    """Migrations of several segments, or of one that is no transaction."""
    seen: dict[RevisionId, int] = {}
    for number, segment in enumerate(plan.segments):
        for revision in {step.revision for step in segment.steps if step.revision is not None}:
            whole = segment.atomic and seen.setdefault(revision, number) == number
            seen[revision] = number if whole else -1
    return frozenset(revision for revision, number in seen.items() if number < 0)


def _run_segment(
    flight: Flight, segment: Segment, number: int, open_steps: Mapping[StepId, OpenStep]
) -> None:
    if segment.atomic:
        if segment.steps[-1].id in open_steps:
            return  # committed by the run that was cut off
        _run_atomic(flight, segment, number)
    else:
        _run_singly(flight, segment, number, open_steps)


def _run_atomic(flight: Flight, segment: Segment, number: int) -> None:
    took = _with_retries(flight, segment, number, _committing(flight, segment))
    flight.reporter.hear(SegmentDone(segment, number, took))


def _send_together(flight: Flight, group: Sequence[Numbered]) -> tuple[int, float]:
    """Several transactions in one message: how many committed, and each one's part of the time.

    The first that fails ends the message and leaves nothing; it is sent again alone, where its
    locks are waited for and its error is told.
    """
    for each in group:
        flight.reporter.hear(SegmentStarted(each.segment, each.number))
    batches = [[*_sent(flight, each.segment.steps), *_journal_of(flight, each.segment)] for each in group]
    began = flight.clock.now()
    try:
        arrived = flight.session.run_each(batches)
    except CommitUnanswered as error:
        lasts = [each.segment.steps[-1] for each in group]
        raise _asked(flight, lasts, error) from error
    for level, message in flight.session.take_notices():
        flight.reporter.hear(Noticed(None, level, message))
    return arrived, (flight.clock.now() - began) / max(1, arrived)


def _run_singly(flight: Flight, segment: Segment, number: int, open_steps: Mapping[StepId, OpenStep]) -> None:
    flight.reporter.hear(SegmentStarted(segment, number))
    began = flight.clock.now()
    in_own_transaction = False
    for step in segment.steps:
        before = open_steps.get(step.id)
        if before and not before.running:
            if isinstance(step.action, RunStatement) and step.action.session:
                flight.session.run(_sent(flight, [step]), atomic=False)  # the session it was set for is gone
            continue
        control = isinstance(step.action, RunStatement) and step.action.control
        _run_step(
            flight,
            segment,
            number,
            step,
            cut_off=bool(before),
            in_own_transaction=in_own_transaction or control,
        )
        if control:
            in_own_transaction = _opens(step)
    flight.reporter.hear(SegmentDone(segment, number, flight.clock.now() - began))


def _run_step(
    flight: Flight, segment: Segment, number: int, step: Step, *, cut_off: bool, in_own_transaction: bool
) -> None:
    if cut_off and _found_done(flight, step):
        flight.session.run(flight.journal.completed(flight.run_id, step), atomic=True)
        flight.reporter.hear(StepDone(step, 0.0, found=True))
        return
    flight.reporter.hear(StepStarted(step))
    match step.action:
        case RunLive() as action:
            took = _run_live(flight, segment, number, step, action)
        case Backfill() as action:
            took = _run_backfill(flight, segment, step, action, cut_off=cut_off)
        case RunStatement(alone=True):
            took = _run_alone(flight, segment, number, step)
        case _ if in_own_transaction:
            took = _run_inside_users_transaction(flight, segment, number, step)
        case _:
            attempt = _committing(flight, Segment((step,), False, ""))
            took = _with_retries(flight, segment, number, attempt, only=step)
    flight.reporter.hear(StepDone(step, took))


def _run_alone(flight: Flight, segment: Segment, number: int, step: Step) -> float:
    """What no transaction may hold: journalled before and after, so a crash between shows as `running`."""
    session, journal = flight.session, flight.journal
    session.run(journal.begun(flight.run_id, step), atomic=True)
    for key in flight.lone_build_keys:
        session.unlock(key)
    try:
        took = _with_retries(flight, segment, number, lambda: _attempt_alone(flight, step), only=step)
    finally:
        locks.take(
            session, flight.plan.tool, flight.lone_build_keys, flight.bounds, flight.clock, flight.reporter
        )
    session.run(journal.completed(flight.run_id, step), atomic=True)
    return took


def _attempt_alone(flight: Flight, step: Step) -> None:
    with _patience(flight, step):
        if _clear_leftovers(flight, step) and step.probe is not None and _is_done(flight, step.probe):
            return  # what completes a half-done detach is all that was left of it
        try:
            flight.session.run(_sent(flight, [step]), atomic=False)
        except StatementFailed:
            with suppress(StatementFailed):  # the first refusal is what its author must hear of
                _clear_leftovers(flight, step)
            raise


@contextmanager
def _patience(flight: Flight, step: Step) -> Generator[None]:
    """What nobody waits behind may wait long for its locks and take its time; everything else stays bounded."""
    patient = isinstance(step.action, RunStatement) and step.action.patient
    if not patient or flight.session.product is not Product.POSTGRESQL:
        yield
        return
    budget_ms = max(1, round(flight.bounds.lock_budget_s * 1000))
    settings = [Sql(f"SET lock_timeout = {budget_ms}"), Sql("SET statement_timeout = 0")]
    flight.session.run(settings, atomic=False)
    try:
        yield
    finally:
        with suppress(ExecutionError):  # a session that is gone keeps no settings
            flight.session.run([Sql("RESET lock_timeout"), Sql("RESET statement_timeout")], atomic=False)


def _run_live(flight: Flight, segment: Segment, number: int, step: Step, action: RunLive) -> float:
    if flight.live is None:
        raise MigrationFailed(
            f"{step.revision} must run its own program, and this tool gives no way to",
            state="nothing was changed",
        )
    flight.session.run(flight.journal.begun(flight.run_id, step), atomic=True)
    live, tries = flight.live, None if action.atomic else 1
    took = _with_retries(flight, segment, number, lambda: live(step, action), only=step, tries=tries)
    flight.session.run(
        [*flight.journal.completed(flight.run_id, step), *_remembered(flight, step)], atomic=True
    )
    return took


def _run_backfill(flight: Flight, segment: Segment, step: Step, action: Backfill, *, cut_off: bool) -> float:
    """In batches; where it stands is in the journal, so being cut off leaves nothing to ask about."""
    began = flight.clock.now()
    flight.session.run(flight.journal.begun(flight.run_id, step), atomic=True)
    crew = backfill.Crew(
        flight.session, flight.reconnect, flight.bounds, flight.clock, flight.reporter, step, segment
    )
    try:
        backfill.run(crew, action, goes_on=cut_off)
    except StatementFailed as error:
        raise _failed(flight, segment, [step], error, step) from error
    closing = backfill.closing(step)
    flight.session.run([*flight.journal.completed(flight.run_id, step), *closing], atomic=True)
    return flight.clock.now() - began


def _run_inside_users_transaction(flight: Flight, segment: Segment, number: int, step: Step) -> float:
    """Between the author's own BEGIN and COMMIT the completion commits, or vanishes, with the statement."""
    journal = flight.journal.committed(flight.run_id, [step], stay_open=True)
    before_commit = isinstance(step.action, RunStatement) and step.action.control and not _opens(step)
    batch = [*journal, *_sent(flight, [step])] if before_commit else [*_sent(flight, [step]), *journal]
    return _with_retries(
        flight, segment, number, lambda: flight.session.run(batch, atomic=False), only=step, tries=1
    )


def _with_retries(
    flight: Flight,
    segment: Segment,
    number: int,
    attempt: Callable[[], None],
    *,
    only: Step | None = None,
    tries: int | None = None,
) -> float:
    """Tries until the locks are there or the budget is spent; gives the seconds of the try that worked.

    `only` is the step that is sent by itself; without it the whole segment is.
    """
    sent = segment.steps if only is None else (only,)
    began = flight.clock.now()
    tried = 0
    while True:
        tried += 1
        if only is None:
            flight.reporter.hear(SegmentStarted(segment, number, tried))
        started = flight.clock.now()
        try:
            attempt()
        except LockTimeout as error:
            waited = flight.clock.now() - began
            relations = _relations(flight, sent, error.index)
            level = _strongest(sent)
            held_by = locks.blockers(flight.session, relations, level)
            locks.end_blockers(flight.session, relations, level, flight.bounds, flight.reporter)
            if waited >= flight.bounds.lock_budget_s or tried == tries:
                state = f"{_revision_of(segment)} was rolled back; what came before it is done and recorded"
                raise LockNotAcquired(relations, waited, tried, held_by, state=state) from error
            flight.reporter.hear(LockWaited(segment, tried, waited, held_by))
            flight.clock.sleep(pause_s(tried))
        except StatementFailed as error:
            if LEASE_LOST in error.message:
                raise  # it is about the run, not about the migration
            raise _failed(flight, segment, sent, error) from error
        else:
            _pass_notices_on(flight, segment)
            return flight.clock.now() - started


def _committing(flight: Flight, segment: Segment) -> Callable[[], None]:
    """One try at a transaction with its own completion, to be called again while locks are out of reach."""
    batch = [*_sent(flight, segment.steps), *_journal_of(flight, segment)]
    wanted = bounded.wanted_by(flight.session, segment.steps)
    numbers = count(1)

    def attempt() -> None:
        try:
            if wanted is None:
                flight.session.run(batch, atomic=True)
            else:
                bounded.commit(flight.session, wanted, batch, flight.bounds, next(numbers))
        except CommitUnanswered as error:
            raise _asked(flight, [segment.steps[-1]], error) from error

    return attempt


def _asked(flight: Flight, lasts: Sequence[Step], error: CommitUnanswered) -> MidairError:
    """The commits' truth, from the database itself: a journal row committed with its transaction or not at all."""
    revisions = ", ".join(dict.fromkeys(str(step.revision) for step in lasts))
    try:
        session = flight.reconnect()
    except MidairError:
        return OutcomeUnknown(
            f"lost the connection while committing {revisions}, and the server cannot be asked",
            state=f"{revisions} may or may not be applied",
            hint="when the server is back, `midair resume` looks and goes on from the truth",
        )
    try:
        journal = Journal(session)
        done = [str(step.revision) for step in lasts if journal.has_step(flight.run_id, step.id)]
    finally:
        session.close()
    lost = [str(step.revision) for step in lasts if str(step.revision) not in done]
    state = [f"{', '.join(done)} is committed and recorded"] if done else []
    state += [f"{', '.join(lost)} was not committed"] if lost else []
    return ConnectionLost(
        error.message,
        state=f"asked the database: {'; '.join(state)}",
        hint="midair resume goes on from there",
    )


def _found_done(flight: Flight, step: Step) -> bool:
    """Whether a step that a crash interrupted is done.

    Raises:
        OutcomeUnknown: nothing can tell, and repeating it might do it twice.
    """
    if step.probe is not None:
        return _is_done(flight, step.probe)
    match step.action:
        case RunLive(atomic=True) | Backfill():
            return False
        case RunStatement(repeatable=True):
            return False
        case _:
            raise OutcomeUnknown(
                f"{_place(step)} was running when the last run was cut off, and no query can tell whether it is done",
                state=f"everything before it is done; {step.revision} is not recorded",
                hint=f"look, then say `midair repair {step.revision} --done` or `--undone`",
            )


def _is_done(flight: Flight, probe: Sql) -> bool:
    """The answer of a query that gives one boolean."""
    return bool(flight.session.query(probe.text, probe.parameters)[0][0])


def _clear_leftovers(flight: Flight, step: Step) -> bool:
    """Clears what a cut-off try of the step left; true when there was something."""
    repair = step.action.repair if isinstance(step.action, RunStatement) else None
    found = False
    while repair is not None:
        if _is_done(flight, repair.left):
            flight.session.run([repair.clear], atomic=False)
            found = True
        repair = repair.then
    return found


def _sent(flight: Flight, steps: Sequence[Step]) -> list[Sql | Statement]:
    sent: list[Sql | Statement] = []
    for step in steps:
        match step.action:
            case RunStatement(statement=statement):
                sent.append(statement)
            case RecordRevision(marks=marks):
                sent.extend(marks)
            case Backfill(statement=statement):
                sent.append(statement)  # inside somebody's transaction it can only run as written
            case RunLive():
                pass  # its own program runs it
            case Gate(contract=contract):
                sent.append(contracts.opened(flight.run_id, flight.plan.tool, contract))
            case CloseGate(contract=contract, state=state):
                sent.append(contracts.moved(flight.plan.tool, contract, state))
    return sent


def _journal_of(flight: Flight, segment: Segment) -> list[Sql]:
    """What commits with the segment: its completion, and for finished migrations their digest."""
    ends = [step for step in segment.steps if step.id in flight.ends]
    last = segment.steps[-1]
    rows = [
        *flight.journal.committed(
            flight.run_id, segment.steps, stay_open=not ends and last.revision is not None
        )
    ]
    for step in ends:
        rows.extend(_remembered(flight, step))
    return rows


def _remembered(flight: Flight, step: Step) -> tuple[Sql, ...]:
    if step.revision is None:
        return ()
    if isinstance(step.action, RunLive):
        return tuple(
            sql for each in step.action.revisions for sql in _rows_about(flight, each, step.direction)
        )
    return _rows_about(flight, step.revision, step.direction)


def _rows_about(flight: Flight, revision: RevisionId, direction: Direction) -> tuple[Sql, ...]:
    """The file's digest for the journal, and for a migration that left open steps their end."""
    checksum = flight.checksums.get(revision) if direction is Direction.UP else None
    remembered = flight.journal.remember(flight.run_id, flight.plan.tool, revision, checksum)
    if revision not in flight.in_parts:
        return (remembered,)
    return (flight.journal.close_steps(revision), remembered)


def _opens(step: Step) -> bool:
    """The author's BEGIN, as against COMMIT or ROLLBACK."""
    head = step.title.split(" ", 1)[0].upper()
    return head in ("BEGIN", "START", "SAVEPOINT", "RELEASE")


def _refuse_strangers(plan: Plan, open_steps: Iterable[OpenStep]) -> None:
    """A half-applied migration must be finished from the very text it was begun with."""
    known = {step.id for step in plan.steps}
    planned = set(plan.revisions)
    open_steps = tuple(open_steps)
    undone = [each for each in open_steps if takes_back(each.id) and each.revision in planned]
    if undone:
        raise HistoryDiverged(
            f"{undone[0].revision} is half applied, and half taken back again",
            state="nothing was changed now; the steps that were taken back are gone",
            hint=f"midair repair {undone[0].revision} --undo takes back the rest; then midair apply begins anew",
        )
    strangers = [
        each
        for each in open_steps
        if each.revision in planned
        and each.id not in known
        and each.direction == plan.direction
        and f":{LIVE}:" not in each.id
    ]
    if strangers:
        first = strangers[0]
        raise HistoryDiverged(
            f"{first.revision} is half applied, and its file was edited since: {first.title!r} ran and is no longer in it",
            state="nothing was changed now; the steps that ran are still in place",
            hint=f"restore the file and run `midair resume`, or finish by hand and say `midair repair {first.revision} --done`",
        )


def _strongest(sent: Sequence[Step]) -> LockLevel:
    """The strongest table lock that is asked for; the worst where nobody can tell."""
    known = [level for step in sent for _, level in step.locks if level >= LockLevel.SHARE]
    return max(known, default=LockLevel.ACCESS_EXCLUSIVE)


def _relations(flight: Flight, sent: Sequence[Step], index: int) -> tuple[str, ...]:
    known = [name for step in sent for name, level in step.locks if level >= LockLevel.SHARE]
    if known:
        return tuple(dict.fromkeys(known))
    statements = [step.action.statement for step in sent if isinstance(step.action, RunStatement)]
    near = statements[index : index + 1] or statements[-1:]
    return tuple(dict.fromkeys(name for statement in near for name in flight.dialect.locked(statement)))


def _failed(
    flight: Flight,
    segment: Segment,
    sent: Sequence[Step],
    error: StatementFailed,
    culprit: Step | None = None,
) -> MigrationFailed:
    """The server's refusal, on the author's line; outside a transaction the tool's own failure mark is left."""
    items = [step for step in sent for _ in _sent(flight, [step])]
    step = culprit or items[min(error.index, len(items) - 1)]
    if not segment.atomic:
        marks = [
            sql
            for each in segment.steps
            if isinstance(each.action, RecordRevision)
            for sql in each.action.on_failure
        ]
        if marks:
            flight.session.run(marks, atomic=True)
        state = f"{step.revision} is half applied: statements before this one are in and journalled, this one is not"
        hint = "mend the cause and run `midair resume`; the steps that are done are not repeated"
    else:
        state = f"{_revision_of(segment)} was rolled back; migrations before it are applied and recorded"
        hint = "mend the migration and run `midair apply` again"
    detail = f" ({error.detail})" if error.detail else ""
    server_hint = f"; the server suggests: {error.hint}" if error.hint else ""
    code = f" [{error.sqlstate}]" if error.sqlstate else ""
    return MigrationFailed(
        f"{_place(step)}: {error.message}{detail}{code}{server_hint}", state=state, hint=hint
    )


def _place(step: Step) -> str:
    if isinstance(step.action, RunStatement | Backfill):
        return f"{step.action.statement.span} {step.title!r}"
    return f"{step.revision} ({step.title})"


def _revision_of(segment: Segment) -> str:
    names = dict.fromkeys(step.revision or "the project's own preparation" for step in segment.steps)
    return ", ".join(names) if len(names) < 4 else f"{len(names)} migrations"


def _pass_notices_on(flight: Flight, segment: Segment) -> None:
    for level, message in flight.session.take_notices():
        flight.reporter.hear(Noticed(segment.steps[-1].revision, level, message))


def _ended(flight: Flight, error: BaseException, recorded: int) -> BaseException:
    """Journals how the run ended and gives the error to raise; a dead session leaves that to the next run."""
    flight.session.abandon()
    state = "stopped" if isinstance(error, KeyboardInterrupt | Interrupted) else "failed"
    kind = type(error).__name__
    with suppress(ExecutionError):  # the connection may be what failed; the next run then closes the row
        flight.session.run([flight.journal.finish(flight.run_id, state, recorded, kind)], atomic=True)
    flight.reporter.hear(RunFinished(flight.run_id, state, 0.0, recorded))
    if isinstance(error, KeyboardInterrupt):
        return Stopped(
            "stopped",
            state="what is committed is recorded, nothing is half-done inside a transaction",
            hint="midair resume goes on; midair rollback takes them back",
        )
    if isinstance(error, StatementFailed) and LEASE_LOST in error.message:
        return LeaseLost(
            f"another run took over while this one was away ({error.message})",
            state="nothing of this step was committed",
            hint="leave it to that run; midair status shows how it stands",
        )
    return error

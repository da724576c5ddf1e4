"""Runs a plan segment by segment; every crash point leaves a state that `resume` understands.

An atomic segment is one message, `BEGIN; steps; journal; COMMIT`: it happened with its record, or
not at all. Outside a transaction each step commits together with its own completion; only what
the server refuses in a transaction leaves a gap, which the step's probe closes.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count

from midair.errors import (
    CommitUnanswered,
    ExecutionError,
    LockNotAcquired,
    LockTimeout,
    MigrationFailed,
    StatementFailed,
)
from midair.execution import backfill, bounded, locks
from midair.execution.begun import in_parts, refuse_strangers, refuse_unknown_turns
from midair.execution.failing import asked, ended, failed, relations_of, revision_of, strongest
from midair.execution.flight import Flight, journal_of, remembered, sent_for
from midair.execution.probing import clear_leftovers, found_done, is_done
from midair.execution.services import pause_s
from midair.execution.together import Numbered, groups
from midair.execution.walk import Crew
from midair.journal import LEASE_LOST, OpenStep
from midair.model.address import Product
from midair.model.backfill import Backfill
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
from midair.model.outcome import Done
from midair.model.plan import (
    RunLive,
    RunStatement,
    Segment,
    Step,
    StepId,
)
from midair.model.statement import Sql


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
    unfinished = in_parts(plan) | {each.revision for each in open_steps.values()}
    flight = replace(
        flight, checksums=dict(plan.checksums), ends=frozenset(last_steps.values()), in_parts=unfinished
    )
    refuse_strangers(plan, open_steps.values())
    if session.product is Product.MARIADB:
        refuse_unknown_turns(plan, open_steps.values())
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
        raise ended(flight, error, recorded) from error
    session.run([journal.finish(flight.run_id, "done", recorded), journal.forget_plans()], atomic=True)
    flight.reporter.hear(RunFinished(flight.run_id, "done", flight.clock.now() - began, recorded))
    return Done(flight.run_id, recorded)


def _completes(flight: Flight, step: Step) -> int:
    """How many migrations are complete once this step is."""
    if isinstance(step.action, RunLive):
        return len(step.action.revisions)
    return int(step.id in flight.ends)


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
    batches = [[*sent_for(flight, each.segment.steps), *journal_of(flight, each.segment)] for each in group]
    began = flight.clock.now()
    try:
        arrived = flight.session.run_each(batches)
    except CommitUnanswered as error:
        lasts = [each.segment.steps[-1] for each in group]
        raise asked(flight, lasts, error) from error
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
                flight.session.run(
                    sent_for(flight, [step]), atomic=False
                )  # the session it was set for is gone
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
    if cut_off and found_done(flight, step):
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
    except (MigrationFailed, LockNotAcquired):
        if session.product is Product.MARIADB:  # what it refuses leaves nothing, so the next run need not ask
            session.run(journal.refused(flight.run_id, step), atomic=True)
        raise
    finally:
        locks.take(
            session, flight.plan.tool, flight.lone_build_keys, flight.bounds, flight.clock, flight.reporter
        )
    session.run(journal.completed(flight.run_id, step), atomic=True)
    return took


def _attempt_alone(flight: Flight, step: Step) -> None:
    with _patience(flight, step):
        if clear_leftovers(flight, step) and step.probe is not None and is_done(flight, step.probe):
            return  # what completes a half-done detach is all that was left of it
        try:
            flight.session.run(sent_for(flight, [step]), atomic=False)
        except StatementFailed:
            with suppress(StatementFailed):  # the first refusal is what its author must hear of
                clear_leftovers(flight, step)
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
    live, tries = flight.live, None if action.atomic or action.watched else 1

    def fly(segments: Sequence[Segment]) -> None:
        for each in segments:
            begun = {every.id: every for every in flight.journal.open_steps()}
            _run_segment(flight, each, number, begun)

    def attempt() -> None:
        live(step, action, flight.run_id, fly)

    took = _with_retries(flight, segment, number, attempt, only=step, tries=tries)
    flight.session.run(
        [*flight.journal.completed(flight.run_id, step), *remembered(flight, step)], atomic=True
    )
    return took


def _run_backfill(flight: Flight, segment: Segment, step: Step, action: Backfill, *, cut_off: bool) -> float:
    """In batches; where it stands is in the journal, so being cut off leaves nothing to ask about."""
    began = flight.clock.now()
    flight.session.run(flight.journal.begun(flight.run_id, step), atomic=True)
    crew = Crew(
        flight.session,
        flight.reconnect,
        flight.bounds,
        flight.clock,
        flight.reporter,
        step,
        segment,
        flight.run_id,
    )
    try:
        backfill.run(crew, action, goes_on=cut_off)
    except StatementFailed as error:
        raise failed(flight, segment, [step], error, step) from error
    closing = backfill.closing(step)
    flight.session.run([*flight.journal.completed(flight.run_id, step), *closing], atomic=True)
    return flight.clock.now() - began


def _run_inside_users_transaction(flight: Flight, segment: Segment, number: int, step: Step) -> float:
    """Between the author's own BEGIN and COMMIT the completion commits, or vanishes, with the statement."""
    journal = flight.journal.committed(flight.run_id, [step], stay_open=True)
    before_commit = isinstance(step.action, RunStatement) and step.action.control and not _opens(step)
    batch = [*journal, *sent_for(flight, [step])] if before_commit else [*sent_for(flight, [step]), *journal]
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
            relations, level = relations_of(flight, sent, error.index), strongest(sent)
            held_by = locks.blockers(flight.session, relations, level)
            locks.end_blockers(flight.session, relations, level, flight.bounds, flight.reporter)
            if waited >= flight.bounds.lock_budget_s or tried == tries:
                state = (
                    f"{revision_of(segment)} was rolled back; what came before it is done and recorded"
                    if segment.atomic
                    else "this statement was not run; what came before it is done and journalled"
                )
                raise LockNotAcquired(relations, waited, tried, held_by, state=state) from error
            flight.reporter.hear(LockWaited(segment, tried, waited, held_by))
            flight.clock.sleep(pause_s(tried))
        except StatementFailed as error:
            if LEASE_LOST in error.message:
                raise  # it is about the run, not about the migration
            raise failed(flight, segment, sent, error) from error
        else:
            _pass_notices_on(flight, segment)
            return flight.clock.now() - started


def _committing(flight: Flight, segment: Segment) -> Callable[[], None]:
    """One try at a transaction with its own completion, to be called again while locks are out of reach."""
    batch = [*sent_for(flight, segment.steps), *journal_of(flight, segment)]
    wanted = bounded.wanted_by(flight.session, segment.steps)
    numbers = count(1)

    def attempt() -> None:
        try:
            if wanted is None:
                flight.session.run(batch, atomic=True)
            else:
                bounded.commit(flight.session, wanted, batch, flight.bounds, next(numbers))
        except CommitUnanswered as error:
            raise asked(flight, [segment.steps[-1]], error) from error

    return attempt


def _opens(step: Step) -> bool:
    """The author's BEGIN, as against COMMIT or ROLLBACK."""
    head = step.title.split(" ", 1)[0].upper()
    return head in ("BEGIN", "START", "SAVEPOINT", "RELEASE")


def _pass_notices_on(flight: Flight, segment: Segment) -> None:
    for level, message in flight.session.take_notices():
        flight.reporter.hear(Noticed(segment.steps[-1].revision, level, message))

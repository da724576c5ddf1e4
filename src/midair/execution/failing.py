"""What is said when a run does not come to its end: whose line it was, what state is left, what to do."""

from collections.abc import Sequence
from contextlib import suppress

from midair.errors import (
    CommitUnanswered,
    ConnectionLost,
    ExecutionError,
    Interrupted,
    LeaseLost,
    MidairError,
    MigrationFailed,
    OutcomeUnknown,
    StatementFailed,
    Stopped,
)
from midair.execution.flight import Flight, sent_for
from midair.journal import LEASE_LOST, Journal
from midair.model.backfill import Backfill
from midair.model.effects import LockLevel
from midair.model.event import (
    RunFinished,
)
from midair.model.plan import (
    RecordRevision,
    RunStatement,
    Segment,
    Step,
)


def asked(flight: Flight, lasts: Sequence[Step], error: CommitUnanswered) -> MidairError:
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


def strongest(sent: Sequence[Step]) -> LockLevel:
    """The strongest table lock that is asked for; the worst where nobody can tell."""
    known = [level for step in sent for _, level in step.locks if level >= LockLevel.SHARE]
    return max(known, default=LockLevel.ACCESS_EXCLUSIVE)


def relations_of(flight: Flight, sent: Sequence[Step], index: int) -> tuple[str, ...]:
    """The tables that a statement which could not get its locks was about."""
    known = [name for step in sent for name, level in step.locks if level >= LockLevel.SHARE]
    if known:
        return tuple(dict.fromkeys(known))
    statements = [step.action.statement for step in sent if isinstance(step.action, RunStatement)]
    near = statements[index : index + 1] or statements[-1:]
    return tuple(dict.fromkeys(name for statement in near for name in flight.dialect.locked(statement)))


def failed(
    flight: Flight,
    segment: Segment,
    sent: Sequence[Step],
    error: StatementFailed,
    culprit: Step | None = None,
) -> MigrationFailed:
    """The server's refusal, on the author's line; outside a transaction the tool's own failure mark is left."""
    items = [step for step in sent for _ in sent_for(flight, [step])]
    step = culprit or (items[min(error.index, len(items) - 1)] if items else sent[-1])
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
        state = f"{revision_of(segment)} was rolled back; migrations before it are applied and recorded"
        hint = "mend the migration and run `midair apply` again"
    detail = f" ({error.detail})" if error.detail else ""
    server_hint = f"; the server suggests: {error.hint}" if error.hint else ""
    code = f" [{error.sqlstate}]" if error.sqlstate else ""
    return MigrationFailed(
        f"{place_of(step)}: {error.message}{detail}{code}{server_hint}", state=state, hint=hint
    )


def place_of(step: Step) -> str:
    """Where the author wrote it, for people."""
    if isinstance(step.action, RunStatement | Backfill):
        return f"{step.action.statement.span} {step.title!r}"
    return f"{step.revision} ({step.title})"


def revision_of(segment: Segment) -> str:
    """The migrations of a segment, for people."""
    names = dict.fromkeys(step.revision or "the project's own preparation" for step in segment.steps)
    return ", ".join(names) if len(names) < 4 else f"{len(names)} migrations"


def ended(flight: Flight, error: BaseException, recorded: int) -> BaseException:
    """Journals how the run ended and gives the error to raise; a dead session leaves that to the next run."""
    flight.session.abandon()
    state = "stopped" if isinstance(error, KeyboardInterrupt | Interrupted) else "failed"
    kind = type(error).__name__
    with suppress(ExecutionError):  # the connection may be what failed; the next run then closes the row
        flight.session.run(
            [flight.journal.finish(flight.run_id, state, recorded, kind), flight.journal.forget_plans()],
            atomic=True,
        )
    flight.reporter.hear(RunFinished(flight.run_id, state, 0.0, recorded))
    if isinstance(error, KeyboardInterrupt):
        return Stopped(
            "stopped",
            state="what is committed is recorded, nothing is half-done inside a transaction",
            hint="midair resume goes on; midair rollback takes them back",
        )
    if isinstance(error, StatementFailed) and LEASE_LOST in error.message:
        return lease_lost(error.message)
    return error


def lease_lost(said: str) -> LeaseLost:
    """The server refused a commit, because another run is at work by now."""
    return LeaseLost(
        f"another run took over while this one was away ({said})",
        state="nothing of this step was committed",
        hint="leave it to that run; midair status shows how it stands",
    )

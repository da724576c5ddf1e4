"""One execution: everything it works with, and what it sends for each step, with the journal's rows beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from midair.database.session import Session
from midair.dialects.dialect import Dialect
from midair.execution.services import Bounds, Clock, LiveProgram, Reconnect, Reporter
from midair.journal import Journal, contracts
from midair.model.backfill import Backfill
from midair.model.migration import Direction, RevisionId
from midair.model.plan import (
    CloseGate,
    Gate,
    Plan,
    RecordRevision,
    RunLive,
    RunStatement,
    Segment,
    Step,
    StepId,
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


def sent_for(flight: Flight, steps: Sequence[Step]) -> list[Sql | Statement]:
    """What is sent for these steps, in order."""
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


def journal_of(flight: Flight, segment: Segment) -> list[Sql]:
    """What commits with the segment: its completion, and for finished migrations their digest."""
    ends = [step for step in segment.steps if step.id in flight.ends]
    last = segment.steps[-1]
    rows = [
        *flight.journal.committed(
            flight.run_id, segment.steps, stay_open=not ends and last.revision is not None
        )
    ]
    for step in ends:
        rows.extend(remembered(flight, step))
    return rows


def remembered(flight: Flight, step: Step) -> tuple[Sql, ...]:
    """What the journal keeps of a migration once its last step is done."""
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

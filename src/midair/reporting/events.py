"""Events as lines of JSON: what `apply --format jsonl` writes to stdout while it works."""

from datetime import datetime
from typing import assert_never

import msgspec

from midair.model.event import (
    BackfillMoved,
    Event,
    LockWaited,
    Noticed,
    RunFinished,
    RunStarted,
    SegmentDone,
    SegmentStarted,
    StepDone,
    StepStarted,
    Waiting,
)
from midair.model.plan import Segment


class EventLine(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One line. `event` is the event's name in kebab case; what does not apply is left out."""

    event: str
    at: datetime
    run: str | None = None
    revisions: tuple[str, ...] = ()
    step: str | None = None
    number: int | None = None
    of: int | None = None
    attempt: int | None = None
    took_s: float | None = None
    waited_s: float | None = None
    blockers: tuple[str, ...] = ()
    level: str | None = None
    message: str | None = None
    outcome: str | None = None
    seen: int | None = None
    total: int | None = None
    per_s: float | None = None
    left_s: float | None = None


def json_line(event: Event, at: datetime) -> str:
    """The event as one line of JSON, line break included. It never holds SQL, for SQL holds literals."""
    return msgspec.json.encode(_line(event, at)).decode() + "\n"


def _line(event: Event, at: datetime) -> EventLine:
    match event:
        case RunStarted():
            return EventLine(
                event="run-started", at=at, run=event.run_id, of=event.segments, message=event.resumes
            )
        case SegmentStarted():
            return EventLine(
                event="segment-started",
                at=at,
                revisions=_revisions(event.segment),
                number=event.number,
                attempt=event.attempt,
            )
        case SegmentDone():
            return EventLine(
                event="segment-done",
                at=at,
                revisions=_revisions(event.segment),
                number=event.number,
                took_s=event.took_s,
            )
        case StepStarted():
            return EventLine(
                event="step-started", at=at, step=event.step.id, revisions=_one(event.step.revision)
            )
        case StepDone():
            return EventLine(
                event="step-done",
                at=at,
                step=event.step.id,
                revisions=_one(event.step.revision),
                took_s=event.took_s,
            )
        case LockWaited():
            return EventLine(
                event="lock-waited", at=at, revisions=_revisions(event.segment), attempt=event.attempt,
                waited_s=event.waited_s, blockers=event.blockers,
            )  # fmt: skip
        case BackfillMoved():
            return EventLine(
                event="backfill-moved", at=at, step=event.step.id, revisions=_one(event.step.revision),
                seen=event.seen, total=event.total, per_s=round(event.rows_per_s, 1), left_s=event.left_s,
                message=event.held_back or None,
            )  # fmt: skip
        case Waiting():
            return EventLine(event="waiting", at=at, message=event.what, waited_s=event.waited_s)
        case Noticed():
            return EventLine(
                event="noticed",
                at=at,
                revisions=_one(event.revision),
                level=event.level,
                message=event.message,
            )
        case RunFinished():
            return EventLine(
                event="run-finished",
                at=at,
                run=event.run_id,
                outcome=event.outcome,
                took_s=event.took_s,
                number=event.revisions,
            )
        case _:
            assert_never(event)


def _revisions(segment: Segment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(step.revision) for step in segment.steps if step.revision is not None))


def _one(revision: str | None) -> tuple[str, ...]:
    return () if revision is None else (revision,)

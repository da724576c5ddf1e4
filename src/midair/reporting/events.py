"""Events as lines of JSON: what `apply --format jsonl` writes to stdout while it works."""

from datetime import datetime
from functools import partial
from typing import assert_never

import msgspec

from midair.model.event import (
    BackfillMoved,
    Event,
    LockWaited,
    Noticed,
    ProgramCame,
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
    line = partial(EventLine, at=at)
    match event:
        case RunStarted():
            return line(event="run-started", run=event.run_id, of=event.segments, message=event.resumes)
        case SegmentStarted():
            of = _revisions(event.segment)
            return line(event="segment-started", revisions=of, number=event.number, attempt=event.attempt)
        case SegmentDone():
            of = _revisions(event.segment)
            return line(event="segment-done", revisions=of, number=event.number, took_s=event.took_s)
        case StepStarted():
            return line(event="step-started", step=event.step.id, revisions=_one(event.step.revision))
        case StepDone():
            of = _one(event.step.revision)
            return line(event="step-done", step=event.step.id, revisions=of, took_s=event.took_s)
        case LockWaited():
            return line(
                event="lock-waited", revisions=_revisions(event.segment), attempt=event.attempt,
                waited_s=event.waited_s, blockers=event.blockers,
            )  # fmt: skip
        case BackfillMoved():
            return line(
                event="backfill-moved", step=event.step.id, revisions=_one(event.step.revision),
                seen=event.seen, total=event.total, per_s=round(event.rows_per_s, 1), left_s=event.left_s,
                message=event.held_back or None,
            )  # fmt: skip
        case ProgramCame():
            of = _one(event.step.revision)
            return line(event="program-came", step=event.step.id, revisions=of, number=event.number)
        case Waiting():
            return line(event="waiting", message=event.what, waited_s=event.waited_s)
        case Noticed():
            of = _one(event.revision)
            return line(event="noticed", revisions=of, level=event.level, message=event.message)
        case RunFinished():
            return line(
                event="run-finished", run=event.run_id, outcome=event.outcome, took_s=event.took_s,
                number=event.revisions,
            )  # fmt: skip
        case _:
            assert_never(event)


def _revisions(segment: Segment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(step.revision) for step in segment.steps if step.revision is not None))


def _one(revision: str | None) -> tuple[str, ...]:
    return () if revision is None else (revision,)

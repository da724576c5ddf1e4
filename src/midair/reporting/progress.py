"""Events as they happen, as lines for people: what `apply` says on stderr."""

from typing import assert_never

from midair.model.event import (
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
from midair.model.plan import CloseGate, Gate, RecordRevision, Segment
from midair.reporting.format import Look
from midair.reporting.style import count, length_of_time, painted, plain


def line_of(event: Event, look: Look) -> str | None:
    """The event's line, or `None` when it says nothing a reader waits for."""
    match event:
        case SegmentDone():
            body = f"{names(event.segment)}  {_work(event.segment)}  {length_of_time(event.took_s)}"
            text = f"{painted('✓', 'green', look)} {body}"
        case StepDone() if event.found:
            text = f"{painted('✓', 'green', look)} {event.step.title}  was done already"
        case StepDone():
            text = f"{painted('✓', 'green', look)} {event.step.title}  {length_of_time(event.took_s)}"
        case LockWaited():
            held = f"; blocked by {'; '.join(event.blockers)}" if event.blockers else ""
            text = f"{painted('●', 'yellow', look)} {names(event.segment)}  waiting for a lock: try {event.attempt}, {length_of_time(event.waited_s)}{held}"
        case Waiting():
            text = (
                f"{painted('●', 'yellow', look)} waiting for {event.what}, {length_of_time(event.waited_s)}"
            )
        case Noticed():
            text = f"  {event.level.lower()}: {event.message}"
        case RunStarted() if event.resumes:
            text = f"  going on with run {event.resumes}"
        case RunStarted() | SegmentStarted() | StepStarted() | RunFinished():
            return None
        case _:
            assert_never(event)
    return plain(text, look)


def live_line_of(event: Event, total: int, look: Look) -> str | None:
    """What is under way right now, for the one line that a terminal overwrites."""
    match event:
        case SegmentStarted():
            return plain(f"● {names(event.segment)}  {event.number}/{total}", look)
        case StepStarted():
            return plain(f"● {event.step.title}", look)
        case _:
            return None


def names(segment: Segment) -> str:
    """The revisions a segment works on; `set-up` for midair's groundwork."""
    revisions = tuple(
        dict.fromkeys(str(step.revision) for step in segment.steps if step.revision is not None)
    )
    if len(revisions) > 3:
        return f"{revisions[0]} … {revisions[-1]} ({len(revisions)})"
    return ", ".join(revisions) or "set-up"


def _work(segment: Segment) -> str:
    statements = sum(not isinstance(step.action, RecordRevision | Gate | CloseGate) for step in segment.steps)
    return count(statements, "statement") if statements else "recorded"

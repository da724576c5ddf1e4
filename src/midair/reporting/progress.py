"""Events as they happen, as lines for people: what `apply` says on stderr."""

from typing import assert_never

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
from midair.model.plan import CloseGate, Gate, RecordRevision, Segment, Step
from midair.reporting.format import Look
from midair.reporting.style import count, length_of_time, painted, plain

_TITLE = 72
"""Characters of a statement on a line: a terminal has room for the rest beside it."""


def line_of(event: Event, look: Look) -> str | None:
    """The event's line, or `None` when it says nothing a reader waits for."""
    match event:
        case SegmentDone() if not event.segment.atomic and len(event.segment.steps) == 1:
            return None  # its step has said it
        case SegmentDone():
            body = f"{names(event.segment)}  {_work(event.segment)}  {length_of_time(event.took_s)}"
            text = f"{painted('✓', 'green', look)} {body}"
        case StepDone() if event.found:
            text = f"{painted('✓', 'green', look)} {_titled(event.step)}  was done already"
        case StepDone():
            text = f"{painted('✓', 'green', look)} {_titled(event.step)}  {length_of_time(event.took_s)}"
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
        case BackfillMoved() | ProgramCame():
            return None  # so many that only a line that is written over can take them
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
        case BackfillMoved():
            return plain(f"● {event.step.title}  {moved(event)}", look)
        case ProgramCame():
            return plain(f"● {event.step.title}  its statement {event.number}", look)
        case _:
            return None


def moved(event: BackfillMoved) -> str:
    """`41 % 16812000/41000000 rows 21400/s eta 18 min 50 s`, and what holds it back."""
    share = f"{min(99, event.seen * 100 // event.total)} % " if event.total else ""
    left = f" eta {length_of_time(event.left_s)}" if event.left_s is not None and event.total else ""
    waiting = f", {event.waiting} locked rows wait" if event.waiting else ""
    held = f", held back: {event.held_back}" if event.held_back else ""
    unit = "rows" if event.by_rows else "pages"
    return f"{share}{event.seen}/{event.total} {unit} {event.rows_per_s:.0f}/s{left}{waiting}{held}"


def names(segment: Segment) -> str:
    """The revisions a segment works on; `set-up` for midair's groundwork."""
    revisions = tuple(
        dict.fromkeys(str(step.revision) for step in segment.steps if step.revision is not None)
    )
    if len(revisions) > 3:
        return f"{revisions[0]} … {revisions[-1]} ({len(revisions)})"
    return ", ".join(revisions) or "set-up"


def _work(segment: Segment) -> str:
    work = [step for step in segment.steps if not isinstance(step.action, RecordRevision | Gate | CloseGate)]
    match work:
        case []:
            return "recorded"
        case [step]:
            return _short(step.title)
        case _:
            return count(len(work), "statement")


def _titled(step: Step) -> str:
    title = _short(step.title)
    return f"{step.revision}  {title}" if step.revision is not None else title


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"

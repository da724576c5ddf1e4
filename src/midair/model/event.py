"""What happened during a run, as it happens: the journal stores events, reporters show them."""

from midair.model.backfill import Backfill
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.plan import Segment, Step


@frozen
class RunStarted:
    """A run holds every lock it needs and begins to work."""

    run_id: str
    digest: str
    segments: int
    resumes: str | None = None


@frozen
class SegmentStarted:
    """The segment's steps are about to be sent."""

    segment: Segment
    number: int
    attempt: int = 1


@frozen
class StepStarted:
    """One step outside a transaction is about to be sent, and the journal knows."""

    step: Step


@frozen
class StepDone:
    """One step outside a transaction is complete, and the journal knows. `found`: a probe saw it was done before."""

    step: Step
    took_s: float
    found: bool = False


@frozen
class SegmentDone:
    """The segment is committed, its completion with it.

    `took_s` is in seconds; where several transactions went in one message it is an equal share of the message's
    time, because nobody saw when each of them ended.
    """

    segment: Segment
    number: int
    took_s: float


@frozen
class LockWaited:
    """A lock stayed out of reach for one try; the segment was rolled back and is tried again after a pause."""

    segment: Segment
    attempt: int
    waited_s: float
    blockers: tuple[str, ...]


@frozen
class BackfillMoved:
    """Where a statement in batches stands, told about once a second; it may be stopped here.

    `total` is an estimate and may be passed; `left_s` is `None` while the rate is not known. `held_back`
    says why it works slower than it could, empty where it does not. `waiting` are rows left for the end
    because somebody had locked them.
    """

    step: Step
    seen: int
    total: int
    rows_per_s: float
    left_s: float | None
    waiting: int = 0
    held_back: str = ""

    @property
    def by_rows(self) -> bool:
        """Whether `seen` and `total` are rows; else they are pages."""
        return isinstance(self.step.action, Backfill) and self.step.action.walks_by != "physical pages"


@frozen
class ProgramCame:
    """A live program is about to send its statement with this number; it may be stopped here."""

    step: Step
    number: int


@frozen
class Waiting:
    """Another run, or the tool itself, is at work; midair polls until it may start."""

    what: str
    waited_s: float


@frozen
class Noticed:
    """The server sent a NOTICE or WARNING while a step ran."""

    revision: RevisionId | None
    level: str
    message: str


@frozen
class RunFinished:
    """The run is over and recorded as such."""

    run_id: str
    outcome: str
    took_s: float
    revisions: int


Event = (
    RunStarted
    | SegmentStarted
    | StepStarted
    | StepDone
    | SegmentDone
    | LockWaited
    | BackfillMoved
    | ProgramCame
    | Waiting
    | Noticed
    | RunFinished
)

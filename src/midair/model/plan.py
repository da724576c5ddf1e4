"""A plan is an ordered list of steps, as data; rendering, rehearsing and executing read the same value."""

from enum import StrEnum
from hashlib import sha256
from typing import NewType

from midair.model.backfill import Backfill
from midair.model.contract import Contract, ContractState
from midair.model.effects import LockLevel
from midair.model.frozen import frozen
from midair.model.migration import Direction, RevisionId
from midair.model.statement import Sql, Statement

StepId = NewType("StepId", str)
"""Stable across runs: derived from revision, direction, position and content."""


class Phase(StrEnum):
    """When a step may run, seen from the application: before, while, or after both versions live."""

    EXPAND = "expand"
    BACKFILL = "backfill"
    CONTRACT = "contract"


@frozen
class Repair:
    """What a statement that was cut off may have left: when `left` says true, `clear` removes it; `then` is looked at next."""

    left: Sql
    clear: Sql
    then: "Repair | None" = None


@frozen
class RunStatement:
    """The user's statement, as written.

    Outside a transaction: `alone` means that the server refuses it in one, so that its completion
    cannot commit with it; `control` that it is the user's own BEGIN or COMMIT. `repeatable`: to run
    it twice does no harm; `session` that it sets the session up for what follows (`SET search_path`),
    so a resumed run sends it again. `repair` clears what a cut-off run of it may have left.
    `patient`: it takes no lock that reads or writes wait for, so it may wait for its own at length.
    """

    statement: Statement
    alone: bool = False
    control: bool = False
    repeatable: bool = False
    session: bool = False
    repair: Repair | None = None
    patient: bool = False


@frozen
class RecordRevision:
    """Rows of the tool's own history, in the tool's own SQL shape.

    `on_failure` is what the tool leaves behind when the migration fails outside a transaction.
    `timed`: the rows tell how long the transaction took, from the server's clock.
    """

    marks: tuple[Sql, ...]
    on_failure: tuple[Sql, ...] = ()
    timed: bool = False


@frozen
class RunLive:
    """The migrations' own program, run against the target under guard; it records itself.

    Several `revisions` where the tool runs them as one: its program may keep state between them.
    `reason` is what keeps it from being replayed. `atomic`: all it does is one transaction, so a
    crash leaves nothing of it. `watched`: it asks before each statement, and what others would wait
    for runs apart from it, in safe form; what it read and did is kept, so that it can be run again from
    its beginning to where a crash stopped it. `guarded`: what would break the running application is refused when the program
    comes to it; `born` and `fresh` are tables, and columns with their tables, that the plan made before, so that nobody misses them.
    """

    tool: str
    reason: str
    revisions: tuple[RevisionId, ...]
    atomic: bool = True
    expected: tuple[Statement, ...] = ()
    """What it would send as far as that is known now, for showing: it decides in its turn."""
    watched: bool = False
    guarded: bool = False
    born: tuple[str, ...] = ()
    fresh: tuple[tuple[str, str], ...] = ()


@frozen
class Gate:
    """Both versions of the application are supported from here on; the contract's steps are kept and wait."""

    contract: Contract


@frozen
class CloseGate:
    """The contract is over: its steps have run, or its expand side was taken back."""

    contract: Contract
    state: ContractState


Action = RunStatement | RecordRevision | RunLive | Backfill | Gate | CloseGate


@frozen
class Step:
    """One thing the executor does. `title` is one line for people.

    `origin` is the author's statement that a rewrite turned into this step, `rewrite` the name of that
    rewrite; both `None` for a statement that runs as written. `locks` are the table locks it takes on
    relations others use, strongest per relation: the executor asks for them first, bounded. `undo` takes
    the step back, in order; empty when there is nothing to take back or no way to.
    """

    id: StepId
    revision: RevisionId | None
    direction: Direction
    phase: Phase
    title: str
    action: Action
    probe: Sql | None = None
    """Asks the server whether the step is already done: one row, one boolean. `None`: only the journal knows."""
    origin: Statement | None = None
    rewrite: str | None = None
    locks: tuple[tuple[str, LockLevel], ...] = ()
    undo: tuple[Sql, ...] = ()


@frozen
class Segment:
    """Steps that commit together when `atomic`, one by one when not.

    A crash inside an atomic segment leaves nothing of it; inside the other kind the journal and
    the steps' probes tell how far it came.
    """

    steps: tuple[Step, ...]
    atomic: bool
    why: str
    """Why the transaction begins and ends here, for `plan`."""


@frozen
class Plan:
    """Everything one `apply` or `rollback` will do, in order.

    `before` is what the history held when the plan was made: a plan is for that state only.
    `prepare` brings the tool's history table about where it is absent, before anything is journalled.
    `checksums` are the files' digests by revision, for the journal. `sources` digests what the author
    wrote, by revision, where a rewrite changed it: a half-done migration is finished from the plan it
    was begun with, and only while its source is the same.
    """

    tool: str
    direction: Direction
    segments: tuple[Segment, ...]
    revisions: tuple[RevisionId, ...]
    before: tuple[RevisionId, ...] = ()
    prepare: tuple[Sql, ...] = ()
    checksums: tuple[tuple[RevisionId, str], ...] = ()
    strategy: str = "direct"
    notes: tuple[str, ...] = ()
    sources: tuple[tuple[RevisionId, str], ...] = ()

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """What waits behind gates once all of it is done, in order."""
        return tuple(step.action.contract for step in self.steps if isinstance(step.action, Gate))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return tuple(step for segment in self.segments for step in segment.steps)

    @property
    def digest(self) -> str:
        """Identifies the plan's content and starting state; what an approval approves (hex, 16 characters)."""
        # Step ids digest their own content; the segment borders and the starting state are the rest.
        parts = [self.tool, self.direction, self.strategy, "\0".join(self.before)]
        parts += [
            f"{'atomic' if s.atomic else 'single'} {' '.join(step.id for step in s.steps)}"
            for s in self.segments
        ]
        return sha256("\n".join(parts).encode()).hexdigest()[:16]


def live_step_id(revisions: tuple[RevisionId, ...], direction: Direction) -> StepId:
    """A live step's: it says nothing of what the program will send, so an edited file leaves it as it is."""
    digest = sha256("\0".join(revisions).encode()).hexdigest()[:10]
    return StepId(f"{revisions[-1]}:{direction}:{LIVE}:{digest}")


def live_part_id(step: StepId, number: int) -> StepId:
    """A step's that does part of what a live program's statement with this number asks for."""
    head, position, digest = step.rsplit(":", 2)
    return StepId(f"{head}:{LIVE}:{number}:{position}:{digest}")


def live_place_id(revision: RevisionId, direction: Direction, number: int, digest: str) -> StepId:
    """How far a live program came: everything up to its statement with this number, which `digest` stands for."""
    return StepId(f"{revision}:{direction}:{LIVE}:{PLACE}:{number}:{digest}")


def live_place_of(step: StepId) -> tuple[int, str] | None:
    """Number and digest of a place that a live program came to; `None` for any other step."""
    words = step.rsplit(":", 4)
    if len(words) < 5 or words[1:3] != [LIVE, PLACE]:
        return None
    return int(words[3]), words[4]


def live_lost_id(revision: RevisionId, direction: Direction, number: int) -> StepId:
    """A live program committed something by itself, at its statement with this number, and cannot be taken past that."""
    return StepId(f"{revision}:{direction}:{LIVE}:{LOST}:{number}")


def is_lost(step: StepId) -> bool:
    """Whether it says that a live program cannot be run again."""
    return step.rsplit(":", 2)[0].endswith(f":{LIVE}") and f":{LIVE}:{LOST}:" in step


def is_live_step(step: StepId) -> bool:
    """Whether it is a program's own step, and none of what it came to on its way."""
    words = step.rsplit(":", 2)
    return len(words) == 3 and words[1] == LIVE


LIVE = "live"
PLACE = "to"
LOST = "lost"
UNDO = "undo"


def undo_step_id(revision: RevisionId, position: int, content: str) -> StepId:
    """A step's that takes a half-applied migration back: no plan that goes on with it may hold the same."""
    digest = sha256(f"{revision}\0{position}\0{content}".encode()).hexdigest()[:10]
    return StepId(f"{revision}:{UNDO}:{position}:{digest}")


def takes_back(step: StepId) -> bool:
    """Whether it is a step of taking a half-applied migration back."""
    return f":{UNDO}:" in step


def step_id(revision: RevisionId | None, direction: Direction, position: int, content: str) -> StepId:
    """The same step has the same id in every run: `revision-position-digest`."""
    digest = sha256(f"{revision}\0{direction}\0{position}\0{content}".encode()).hexdigest()[:10]
    return StepId(f"{revision or 'project'}:{direction}:{position}:{digest}")

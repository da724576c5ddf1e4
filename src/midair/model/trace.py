"""What a rehearsal saw: one value a statement, one a proof."""

from midair.model.effects import Effects, LockLevel
from midair.model.finding import Finding, Risk
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.statement import Statement


@frozen
class Sighting:
    """What one statement did on the throwaway server; relations that it made itself are left out.

    `locks` are those it added to its transaction. `sampled`: watched from beside, so a lock held for
    less than a millisecond may be missing. `scans` is `None` where the server cannot tell.
    """

    statement: Statement
    locks: tuple[tuple[str, LockLevel], ...]
    rewrites: frozenset[str]
    rebuilds: frozenset[str]
    scans: frozenset[str] | None
    wal_bytes: int
    took_s: float
    sampled: bool = False

    @property
    def strongest(self) -> LockLevel:
        """The strongest lock on anything that was there before."""
        return max((level for _, level in self.locks), default=LockLevel.NONE)


@frozen
class Size:
    """A table of the target as its server estimates it."""

    table: str
    rows: int | None
    bytes: int | None


@frozen
class TracedStep:
    """One step as it ran: what was seen, what had been predicted, what it means for the target's sizes.

    `began_s` and `took_s` are on the rehearsal's own clock. `held_s` estimates how long its locks are held on the
    target, to the end of their transaction; `None` when its sizes are not known or they are brief whatever those are.
    """

    revision: RevisionId | None
    title: str
    place: str
    sighting: Sighting
    predicted: Effects | None
    began_s: float
    segment: int = 0
    sizes: tuple[Size, ...] = ()
    held_s: float | None = None
    phase: str = "expand"
    rewrite: str | None = None
    """The rewrite that made it of the author's statement, if one did."""
    surprises: tuple[str, ...] = ()
    """What the server did and no prediction said, a sentence each."""


@frozen
class Proof:
    """One thing that was tried. `passed` is `None` when it could not be tried, and `detail` says why."""

    name: str
    revision: RevisionId | None
    passed: bool | None
    took_s: float = 0.0
    detail: str = ""


@frozen
class Rehearsed:
    """Everything a rehearsal found out. `start` says where the schema before came from."""

    tool: str
    revisions: tuple[tuple[RevisionId, str], ...]
    """Each migration that was rehearsed, with its description."""
    start: str
    server: str
    target_server: str | None
    plan_digest: str
    steps: tuple[TracedStep, ...]
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]
    filled: tuple[tuple[str, int], ...] = ()
    """Tables of the target that rows were put into, and how many."""
    notes: tuple[str, ...] = ()
    took_s: float = 0.0
    strategy: str = "direct"
    """What `apply` would follow: its steps are the ones that were traced."""

    @property
    def risk(self) -> Risk:
        """The worst of its findings."""
        return max((each.risk for each in self.findings if each.counts), default=Risk.LOW)

    @property
    def passed(self) -> bool:
        """Every proof that could be tried held, and nothing medium or worse was found."""
        return all(each.passed is not False for each in self.proofs) and self.risk is Risk.LOW

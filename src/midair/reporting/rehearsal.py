"""What `rehearse` has to say, as values: the trace, the proofs, the findings, in words and numbers."""

from midair.model.effects import Effects, LockLevel
from midair.model.finding import Finding, Risk
from midair.model.frozen import frozen
from midair.model.trace import Proof, Rehearsed, Size, TracedStep


@frozen
class LockLine:
    """A lock on one relation. `level` is PostgreSQL's own name; `blocks` who waits for it."""

    relation: str
    level: str
    blocks: str


@frozen
class StepLine:
    """One statement as it ran. Times in seconds on the rehearsal's clock; `predicted` is `None` where nobody could tell.

    `held_s` estimates how long the target's sizes would keep its strongest lock.
    """

    revision: str | None
    title: str
    place: str
    transaction: int
    began_s: float
    took_s: float
    strongest: str
    locks: tuple[LockLine, ...]
    predicted: tuple[LockLine, ...] | None
    rewrites: tuple[str, ...]
    rebuilds: tuple[str, ...]
    scans: tuple[str, ...] | None
    wal_bytes: int
    sampled: bool
    sizes: tuple[Size, ...]
    held_s: float | None
    phase: str
    rewrite: str | None
    surprises: tuple[str, ...]


@frozen
class RehearsedMigration:
    """One migration and its worst finding."""

    revision: str
    description: str
    risk: Risk


@frozen
class RehearsalPayload:
    """What was tried and what came of it. `threshold` is the risk from which the answer is no, `None` for never."""

    tool: str
    start: str
    server: str
    target_server: str | None
    plan: str
    strategy: str
    migrations: tuple[RehearsedMigration, ...]
    steps: tuple[StepLine, ...]
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]
    filled: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    took_s: float
    threshold: Risk | None = Risk.MEDIUM

    @property
    def risk(self) -> Risk:
        """The worst of the findings."""
        return max((each.risk for each in self.findings), default=Risk.LOW)

    @property
    def passed(self) -> bool:
        """The answer is yes."""
        return not any(self.fails(each) for each in self.findings)

    def fails(self, finding: Finding) -> bool:
        """Whether this finding alone makes the answer no."""
        return self.threshold is not None and finding.risk >= self.threshold

    @property
    def agreement(self) -> tuple[int, int]:
        """Steps on which prediction and trace agree, of those predicted."""
        told = [each for each in self.steps if each.predicted is not None]
        return sum(not each.surprises for each in told), len(told)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not self.migrations:
            return "nothing is pending, so nothing was rehearsed"
        number = f"{len(self.migrations)} migration{'s' if len(self.migrations) > 1 else ''}"
        if not self.findings:
            tried = [each.name for each in self.proofs if each.passed is None and each.name == "down"]
            left = "; not everything has a way back" if tried else ""
            return f"{number} rehearsed, nothing found{left}"
        counts = [
            f"{n} {risk}" for risk in reversed(Risk) if (n := sum(f.risk is risk for f in self.findings))
        ]
        return f"{number} rehearsed: {', '.join(counts)} finding{'s' if len(self.findings) > 1 else ''}"


def rehearsal_payload(found: Rehearsed, threshold: Risk | None) -> RehearsalPayload:
    """The pipeline's value in the words of reports."""
    return RehearsalPayload(
        found.tool,
        found.start,
        found.server,
        found.target_server,
        found.plan_digest,
        found.strategy,
        tuple(
            _migration(str(revision), description, found.findings)
            for revision, description in found.revisions
        ),
        tuple(_step(each) for each in found.steps),
        found.proofs,
        found.findings,
        found.filled,
        found.notes,
        found.took_s,
        threshold,
    )


def _migration(revision: str, description: str, findings: tuple[Finding, ...]) -> RehearsedMigration:
    risks = [each.risk for each in findings if each.revision == revision]
    return RehearsedMigration(revision, description, max(risks, default=Risk.LOW))


def _step(step: TracedStep) -> StepLine:
    seen = step.sighting
    return StepLine(
        step.revision,
        step.title,
        step.place,
        step.segment,
        step.began_s,
        seen.took_s,
        str(seen.strongest),
        _locks(seen.locks),
        _predicted(step.predicted),
        tuple(sorted(seen.rewrites)),
        tuple(sorted(seen.rebuilds)),
        None if seen.scans is None else tuple(sorted(seen.scans)),
        seen.wal_bytes,
        seen.sampled,
        step.sizes,
        step.held_s,
        step.phase,
        step.rewrite,
        step.surprises,
    )


def _predicted(effects: Effects | None) -> tuple[LockLine, ...] | None:
    return None if effects is None else _locks(effects.locks)


def _locks(locks: tuple[tuple[str, LockLevel], ...]) -> tuple[LockLine, ...]:
    strongest_first = sorted(locks, key=lambda each: (-each[1], each[0]))
    return tuple(LockLine(relation, str(level), level.blocked) for relation, level in strongest_first)

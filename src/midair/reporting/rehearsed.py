"""What a rehearsal found, for people: a line a migration, then the findings, then what the locks mean."""

from collections import defaultdict
from collections.abc import Iterator

from midair.model.finding import Risk
from midair.model.trace import Proof
from midair.reporting.format import Look
from midair.reporting.rehearsal import RehearsalPayload, StepLine
from midair.reporting.style import count, length_of_time, painted

_COLOURS = {Risk.HIGH: "red", Risk.MEDIUM: "yellow", Risk.LOW: "cyan"}


def rehearsal_lines(payload: RehearsalPayload, look: Look) -> Iterator[str]:
    """Everything, few lines when all is well."""
    yield f"{painted(payload.server, 'bold', look)}, {payload.start}{_rows(payload)}{_strategy(payload)}"
    if not payload.migrations:
        yield f"{painted('✓', 'green', look)} {payload.verdict}"
        return
    yield from _proofs(payload, look)
    for finding in payload.findings:
        risk = painted(finding.risk, _COLOURS[finding.risk], look)
        yield f"{finding.span}: {risk} {finding.code} {finding.name}"
        yield f"  {finding.message}"
        yield f"  instead: {finding.remedy.text}"
    if look.details:
        yield from (line for step in payload.steps for line in _step(step))
    yield from _strongest(payload)
    agreed, told = payload.agreement
    if told:
        yield f"prediction and trace agree on {agreed} of {count(told, 'step')}"
    yield from (f"{painted('note', 'yellow', look)}  {note}" for note in payload.notes)
    symbol = painted("✓", "green", look) if payload.passed else painted("✗", "red", look)
    yield f"{symbol} {payload.verdict} in {length_of_time(payload.took_s)}"


def _rows(payload: RehearsalPayload) -> str:
    tables = len(payload.filled)
    return f", rows in {count(tables, 'table')}" if tables else ""


def _strategy(payload: RehearsalPayload) -> str:
    return ", online as apply would" if payload.strategy == "online" else ""


def _proofs(payload: RehearsalPayload, look: Look) -> Iterator[str]:
    by_revision: defaultdict[str | None, list[Proof]] = defaultdict(list)
    for each in payload.proofs:
        by_revision[each.revision].append(each)
    for revision, proofs in by_revision.items():
        bad = any(each.passed is False for each in proofs)
        symbol = painted("✗", "red", look) if bad else painted("✓", "green", look)
        name = revision or "all together"
        yield f"  {symbol} {painted(name, 'bold', look)}  {'   '.join(_proof(each) for each in proofs)}"


def _proof(proof: Proof) -> str:
    if proof.passed is None:
        return f"{proof.name}: {proof.detail}"
    took = f" {length_of_time(proof.took_s)}" if proof.took_s >= 0.001 else ""
    return f"{proof.name}{took}" if proof.passed else f"{proof.name} FAILED"


def _step(step: StepLine) -> Iterator[str]:
    sampled = " (sampled)" if step.sampled else ""
    made = f" ({step.phase}, {step.rewrite})" if step.rewrite else ""
    yield f"  {step.place}  {step.title}{made}  {length_of_time(step.took_s)}, {step.wal_bytes} bytes of WAL{sampled}"
    yield from (f"      {each.level} on {each.relation}: {each.blocks} wait" for each in step.locks)
    for word, names in (
        ("rewrites", step.rewrites),
        ("builds again the indexes of", step.rebuilds),
        ("scans", step.scans),
    ):
        if names:
            yield f"      {word} {', '.join(names)}"


def _strongest(payload: RehearsalPayload) -> Iterator[str]:
    """The lock that would be felt most on the target, or was held longest here."""
    estimated = [each for each in payload.steps if each.held_s and each.locks]
    for each in sorted(estimated, key=lambda step: -(step.held_s or 0))[:3]:
        sizes = {size.table: size for size in each.sizes}
        first = each.locks[0]
        size = sizes.get(first.relation)
        rows = f" ({size.rows} rows)" if size and size.rows else ""
        yield f"on the target {each.place} holds {first.level} on {first.relation}{rows} for about {length_of_time(each.held_s or 0)}"
    held = [each for each in payload.steps if each.locks]
    if held and not estimated:
        longest = max(held, key=lambda step: (step.strongest == "ACCESS EXCLUSIVE", step.took_s))
        first = longest.locks[0]
        yield f"strongest lock: {first.level} on {first.relation}, {length_of_time(longest.took_s)} ({longest.place})"

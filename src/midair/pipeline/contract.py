"""Closes gates: shows what speaks for it and against it, and runs the destructive rest on a person's word."""

from collections.abc import Sequence
from dataclasses import dataclass

from midair.database import Session
from midair.dialects.postgresql import evidence
from midair.errors import GateShut, UnknownRevision
from midair.execution.services import Reporter
from midair.journal import Journal, contracts
from midair.model.contract import Contract, Evidence, Light, OpenContract
from midair.model.outcome import Done
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened, alone, opening
from midair.pipeline.request import Request
from midair.planning.contracting import lay_out_contracts

CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Seen:
    """One open contract with the evidence at its gate."""

    waiting: OpenContract
    evidence: tuple[Evidence, ...]


def gates(request: Request, revision: str | None = None) -> tuple[Seen, ...]:
    """The open contracts, oldest first, each with its evidence; of one migration, or all. Nothing is written.

    Raises:
        UnknownRevision: that migration has no open contract.
    """
    with opening(request) as opened:
        return _seen(opened, revision)


def contract(
    request: Request,
    report: Reporter,
    revision: str | None = None,
    *,
    require_evidence: bool = False,
    force: bool = False,
) -> tuple[Done, tuple[Seen, ...]]:
    """Runs what waits behind gates, oldest first: of one migration, or all; gives the evidence it went by.

    `require_evidence`: what nobody can tell counts against it. `force`: what is found against it is overridden, and recorded.

    Raises:
        GateShut: evidence stands against one of them; nothing was changed.
    """
    with opening(request) as opened, alone(opened, report):
        seen = _seen(opened, revision)
        return close(opened, seen, report, require_evidence=require_evidence, force=force), seen


def close(
    opened: Opened,
    seen: Sequence[Seen],
    report: Reporter,
    *,
    require_evidence: bool = False,
    force: bool = False,
) -> Done:
    """Closes these gates, once none of them is shut.

    Raises:
        GateShut: evidence stands against one of them; nothing was changed.
    """
    if not seen:
        return Done(None, 0)
    tool, session = opened.project.tool, opened.session
    keep_samples(session, tool, [each.waiting.contract for each in seen], only_new=True)
    for each in seen:
        _refuse_shut(each, require_evidence=require_evidence, force=force)
    noted = [
        sql
        for each in seen
        for sql in contracts.seen(
            tool, each.waiting.contract, each.evidence, forced=force and bool(_against(each))
        )
    ]
    session.run(noted, atomic=True)
    known = Journal(session).checksums(tool)
    made = lay_out_contracts(tool, [each.waiting.contract for each in seen], tuple(known.items()))
    return flown(opened, made, report)


def look(opened: Opened, waiting: Sequence[OpenContract]) -> tuple[Seen, ...]:
    """The evidence at these gates."""
    session, tool = opened.session, opened.project.tool
    return tuple(
        Seen(
            each,
            evidence.evidence_of(session, each, contracts.sample(session, tool, each.contract, CALLS)),
        )
        for each in waiting
    )


def keep_samples(session: Session, tool: str, opened: Sequence[Contract], *, only_new: bool = False) -> None:
    """Counts now how often statements say the old names, so that a later count tells whether they still do."""
    for each in opened:
        if only_new and contracts.sample(session, tool, each, CALLS) is not None:
            continue
        value = evidence.calls(session, each)
        if value is not None:
            session.run([contracts.sampled(tool, each, CALLS, value)], atomic=True)


def _seen(opened: Opened, revision: str | None) -> tuple[Seen, ...]:
    waiting = contracts.waiting(opened.session, opened.project.tool)
    if revision is not None:
        exact = [each for each in waiting if each.contract.revision == revision]
        chosen = tuple(exact or (each for each in waiting if each.contract.revision.startswith(revision)))
        if not chosen:
            names = ", ".join(dict.fromkeys(each.contract.revision for each in waiting)) or "none"
            raise UnknownRevision(
                f"{revision} has no open contract", hint=f"midair status shows them; open are: {names}"
            )
        waiting = chosen
    return look(opened, waiting)


def _against(seen: Seen) -> tuple[Evidence, ...]:
    return tuple(each for each in seen.evidence if each.light is Light.RED)


def _refuse_shut(seen: Seen, *, require_evidence: bool, force: bool) -> None:
    contract = seen.waiting.contract
    shut = [each for each in _against(seen) if each.final or not force]
    unknown = [each for each in seen.evidence if each.light is Light.MISSING and require_evidence]
    if not shut and not unknown:
        return
    reasons = "; ".join(f"{each.probe}: {each.text}" for each in (*shut, *unknown))
    mends = any(each.final for each in shut)
    raise GateShut(
        f"{contract.revision} cannot be contracted yet ({contract.summary}). {reasons}",
        state="nothing was changed; both versions of the application are supported as before",
        hint="mend that first: the contract's own statements would fail"
        if mends
        else "end what is named, or take it on yourself with --force; the journal records that",
    )

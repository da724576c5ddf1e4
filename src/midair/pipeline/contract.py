"""Closes gates: shows what speaks for it and against it, and runs the destructive rest on a person's word."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.database import Session
from midair.dialects.postgresql import evidence
from midair.errors import GateShut, UnknownRevision
from midair.execution.services import Reporter
from midair.journal import Journal, actor, contracts
from midair.model.contract import Archived, Contract, Evidence, Light, OpenContract
from midair.model.outcome import Done
from midair.model.statement import Sql
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened, alone, opening
from midair.pipeline.request import Request
from midair.planning.contracting import lay_out_contracts, lay_out_purge

_COUNTERS = (evidence.CALLS, evidence.WRITES, evidence.SCANS)


@dataclass(frozen=True, slots=True)
class Seen:
    """One open contract with the evidence at its gate."""

    waiting: OpenContract
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word at a gate: whether it stands against evidence, and why."""

    force: bool = False
    because: str | None = None


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
    because: str | None = None,
) -> tuple[Done, tuple[Seen, ...]]:
    """Runs what waits behind gates, oldest first: of one migration, or all; gives the evidence it went by.

    `require_evidence`: what nobody can tell counts against it. `force`: what is found against it is overridden; the
    journal records that, who did it, and `because`.

    Raises:
        GateShut: evidence stands against one of them; nothing was changed.
    """
    with opening(request) as opened, alone(opened, report):
        seen = _seen(opened, revision)
        word = Word(force, because)
        return close(opened, seen, report, require_evidence=require_evidence, word=word), seen


def purge(request: Request, report: Reporter, *, early: bool = False) -> tuple[Done, tuple[Archived, ...]]:
    """Drops for good what contracts put aside and kept long enough; `early`: everything that is put aside."""
    with opening(request) as opened, alone(opened, report):
        tool, session = opened.project.tool, opened.session
        over = tuple(each for each in contracts.archived(session, tool) if each.due or early)
        if not over:
            return Done(None, 0), ()
        known = Journal(session).checksums(tool)
        made = lay_out_purge(tool, [each.contract for each in over], tuple(known.items()))
        return flown(opened, made, report), over


def close(
    opened: Opened,
    seen: Sequence[Seen],
    report: Reporter,
    *,
    require_evidence: bool = False,
    word: Word | None = None,
) -> Done:
    """Closes these gates, once none of them is shut.

    Raises:
        GateShut: evidence stands against one of them; nothing was changed.
    """
    if not seen:
        return Done(None, 0)
    word = word or Word()
    tool, session, keep_s = opened.project.tool, opened.session, opened.request.archive_s
    Journal(session).prepare()  # one of an older midair may lack what is written here
    keep_samples(session, tool, [each.waiting.contract for each in seen], only_new=True)
    for each in seen:
        _refuse_shut(each, require_evidence=require_evidence, force=word.force)
    noted = [sql for each in seen for sql in _noted(tool, each, word, keep_s)]
    session.run(noted, atomic=True)
    known = Journal(session).checksums(tool)
    closing = [each.waiting.contract for each in seen]
    made = lay_out_contracts(tool, closing, tuple(known.items()), archives=keep_s is not None)
    return flown(opened, made, report)


def _noted(tool: str, seen: Seen, word: Word, keep_s: float | None) -> Iterator[Sql]:
    """Who opened the gate, what it showed, and for how long what goes away is kept."""
    contract, forced = seen.waiting.contract, word.force and bool(_against(seen))
    yield from contracts.seen(tool, contract, seen.evidence, forced=forced)
    yield contracts.opened_by(
        tool, contract, actor(), socket.gethostname(), forced=forced, why=word.because if forced else None
    )
    if keep_s is not None and contract.archive is not None:
        yield contracts.put_aside(tool, contract, keep_s)


def look(opened: Opened, waiting: Sequence[OpenContract]) -> tuple[Seen, ...]:
    """The evidence at these gates."""
    session, tool, standard = opened.session, opened.project.tool, opened.request.standard
    return tuple(
        Seen(
            each,
            evidence.evidence_of(
                session, each, contracts.samples(session, tool, each.contract, _COUNTERS), standard
            ),
        )
        for each in waiting
    )


def keep_samples(session: Session, tool: str, opened: Sequence[Contract], *, only_new: bool = False) -> None:
    """Counts now how often the old shapes are used, so that a later count tells whether they still are."""
    for each in opened:
        known = contracts.samples(session, tool, each, _COUNTERS) if only_new else {}
        now = evidence.counters(session, each)
        new = [contracts.sampled(tool, each, name, value) for name, value in now.items() if name not in known]
        if new:
            session.run(new, atomic=True)


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
        else "end what is named, or take it on yourself with --force --because REASON; the journal records that",
    )

"""Where each change stands between the first step of its expand side and the end of what was put aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from midair.database import Session
from midair.journal import Journal, backfills, contracts
from midair.model.address import Product
from midair.model.contract import ContractState
from midair.model.plan import Backfill


class Phase(StrEnum):
    """What has happened to a change. `expanding` and `backfilling`: its migration is not recorded yet."""

    EXPANDING = "expanding"
    BACKFILLING = "backfilling"
    READY = "ready"
    CONTRACTED = "contracted"
    ARCHIVED = "archived"
    PURGED = "purged"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Stand:
    """One change. `since` is when it came there; `percent` of a backfill's rows, as far as the server can estimate."""

    revision: str
    phase: Phase
    summary: str
    since: datetime | None = None
    percent: int | None = None
    until: datetime | None = None
    """How long what was put aside is kept."""


def stands_of(session: Session, journal: Journal, tool: str) -> tuple[Stand, ...]:
    """Every change that is under way, waits or has lately ended: oldest phase first. Reads only."""
    if session.product is not Product.POSTGRESQL:
        return ()
    return (*_begun(session, journal), *_waiting(session, tool), *_over(session, tool))


def _begun(session: Session, journal: Journal) -> Iterator[Stand]:
    half_done = journal.open_steps()
    if not half_done:
        return
    made = journal.begun_plan()
    revision = half_done[-1].revision
    for step in made.steps if made is not None else ():
        if step.revision != revision or not isinstance(step.action, Backfill):
            continue
        lanes = backfills.lanes_of(session, step.id)
        if lanes and not all(each.done for each in lanes):
            tables = [part.table for part in step.action.parts]
            seen = sum(each.seen for each in lanes)
            yield Stand(revision, Phase.BACKFILLING, step.title, None, _percent(session, tables, seen))
            return
    yield Stand(revision, Phase.EXPANDING, half_done[-1].title)


def _percent(session: Session, tables: list[str], seen: int) -> int | None:
    rows = 0.0
    for table in tables:
        found = session.query("SELECT reltuples::float8 FROM pg_class WHERE oid = to_regclass(%s)", (table,))
        rows += max(0.0, found[0][0]) if found else 0.0
    return min(99, round(100 * seen / rows)) if rows else None  # all of it is only certain once it is proven


def _waiting(session: Session, tool: str) -> Iterator[Stand]:
    for each in contracts.waiting(session, tool):
        yield Stand(each.contract.revision, Phase.READY, each.contract.summary, each.ready_at)


def _over(session: Session, tool: str) -> Iterator[Stand]:
    until = {each.contract.id: each.purge_after for each in contracts.archived(session, tool)}
    for contract, state, at in reversed(contracts.ended(session, tool)):
        if state is ContractState.READY:
            continue
        yield Stand(contract.revision, Phase(str(state)), contract.summary, at, None, until.get(contract.id))

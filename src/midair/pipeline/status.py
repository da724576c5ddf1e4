"""Where a project and its database stand, and how they came there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from midair.database import Session
from midair.errors import Dirty, HistoryDiverged, MidairError, NoDatabase
from midair.execution.services import Clock
from midair.journal import Journal, OpenStep, RunRecord, contracts
from midair.model.address import Address, Product
from midair.model.contract import Evidence, OpenContract, Standard
from midair.model.migration import Applied, Standing, State
from midair.pipeline.opening import address_of, connected, open_project, opening, options_for, reread
from midair.pipeline.request import Request
from midair.pipeline.standings import applied_in, plainly, with_journal
from midair.pipeline.stands import Stand, stands_of
from midair.sources.source import Project, Source

_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    """Where a project and its database stand. `server_version` is `None` when the database was not asked."""

    project: Project
    standings: tuple[Standing, ...]
    address: Address | None
    server_version: int | None = None
    unreachable: MidairError | None = None
    last_run: RunRecord | None = None
    half_done: tuple[OpenStep, ...] = ()
    waiting: tuple[OpenContract, ...] = ()
    """What waits behind gates, oldest first."""
    glances: tuple[tuple[Evidence, ...], ...] = ()
    """Of each of these, what can be told of its gate at a glance."""
    stands: tuple[Stand, ...] = ()
    """Where each change stands that is under way, waits, or has lately ended."""
    problem: MidairError | None = None
    """What keeps the tool, and midair, from going on (dirty, diverged)."""


def status(request: Request) -> Status:
    """Where every migration stands; without a database, what the files alone can tell."""
    source, project = open_project(request)
    try:
        address = address_of(request, project)
    except NoDatabase as error:
        return Status(project, source.compare(project, ()), None, unreachable=error)
    if address.product is Product.SQLITE and not Path(address.database).exists():
        return Status(project, source.compare(project, ()), address)  # reading must not create the file
    try:
        session = connected(request, source, address)
    except MidairError as error:
        return Status(project, source.compare(project, ()), address, unreachable=error)
    try:
        if session.product is Product.MARIADB:
            project = reread(request, source, project, options_for(request, session))
        return _status_of(source, project, session.address, session, request.standard)
    finally:
        session.close()


def _status_of(
    source: Source, project: Project, address: Address, session: Session, standard: Standard
) -> Status:
    journal = Journal(session, project.tool)
    applied = applied_in(project, session, journal)
    runs, half_done = journal.runs(1), journal.open_steps()
    problem: MidairError | None = None
    try:
        standings = with_journal(source.compare(project, applied), journal.checksums(project.tool))
    except (Dirty, HistoryDiverged) as error:
        judge = source.judge or plainly
        problem, standings = error, judge(project, applied)
    waiting = contracts.waiting(session, project.tool)
    return Status(
        project,
        standings,
        address,
        session.server_version,
        None,
        runs[0] if runs else None,
        half_done,
        waiting,
        _glances(session, waiting, standard),
        stands_of(session, journal, project.tool),
        problem,
    )


def _glances(
    session: Session, waiting: Sequence[OpenContract], standard: Standard
) -> tuple[tuple[Evidence, ...], ...]:
    """What can be told of each gate without reading a table."""
    if not waiting or session.product is not Product.POSTGRESQL:
        return ()
    from midair.dialects.postgresql.evidence import at_a_glance

    return tuple(at_a_glance(session, each, standard) for each in waiting)


class Least(StrEnum):
    """How far every migration must have come: both versions of the application supported, or only the new one."""

    EXPAND = "expand"
    CONTRACT = "contract"


def has_come(found: Status, least: Least) -> bool:
    """Every migration of the project has come so far; what nobody could ask has not."""
    if found.server_version is None or found.problem or found.half_done:
        return False
    behind = (State.PENDING, State.LATE, State.FAILED)
    if any(each.state in behind for each in found.standings):
        return False
    return least is Least.EXPAND or not found.waiting


def awaited(request: Request, least: Least, wait_s: float, clock: Clock) -> Status:
    """The status once every migration has come so far, or the last one seen when the time is over. Times in seconds."""
    until = clock.now() + wait_s
    while True:
        found = status(request)
        if has_come(found, least) or clock.now() >= until:
            return found
        clock.sleep(min(_POLL_S, max(0.05, until - clock.now())))


def history(request: Request) -> tuple[tuple[Applied, ...], tuple[RunRecord, ...]]:
    """What the tool's table holds, and the runs in midair's journal, newest first."""
    with opening(request) as opened:
        return opened.project.history.read(opened.session), Journal(opened.session).runs()

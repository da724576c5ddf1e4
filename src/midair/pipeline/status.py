"""Where a project and its database stand, and how they came there."""

from dataclasses import dataclass
from pathlib import Path

from midair.database import Session, open_session
from midair.errors import Dirty, HistoryDiverged, MidairError, NoDatabase
from midair.journal import Journal, OpenStep, RunRecord, contracts
from midair.model.address import Address, Product
from midair.model.contract import OpenContract
from midair.model.migration import Applied, Standing
from midair.pipeline.opening import address_of, open_project
from midair.pipeline.request import Request, application_of, guard_of
from midair.pipeline.standings import applied_in, plainly, with_journal
from midair.sources.source import Project, Source


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
        session = open_session(address, guard_of(request), application_of(request))
    except MidairError as error:
        return Status(project, source.compare(project, ()), address, unreachable=error)
    try:
        return _status_of(source, project, address, session)
    finally:
        session.close()


def _status_of(source: Source, project: Project, address: Address, session: Session) -> Status:
    journal = Journal(session)
    applied = applied_in(project, session, journal)
    runs, half_done = journal.runs(1), journal.open_steps()
    problem: MidairError | None = None
    try:
        standings = with_journal(source.compare(project, applied), journal.checksums(project.tool))
    except (Dirty, HistoryDiverged) as error:
        judge = source.judge or plainly
        problem, standings = error, judge(project, applied)
    return Status(
        project,
        standings,
        address,
        session.server_version,
        None,
        runs[0] if runs else None,
        half_done,
        contracts.waiting(session, project.tool),
        problem,
    )


def history(request: Request) -> tuple[tuple[Applied, ...], tuple[RunRecord, ...]]:
    """What the tool's table holds, and the runs in midair's journal, newest first."""
    _, project = open_project(request)
    session = open_session(address_of(request, project), guard_of(request), application_of(request))
    try:
        return project.history.read(session), Journal(session).runs()
    finally:
        session.close()

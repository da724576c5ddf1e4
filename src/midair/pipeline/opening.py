"""From a request to the one project it means and a session on its database."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from midair.database import Session, open_session
from midair.database.address import parse, words_for_tool
from midair.database.dump import dump
from midair.database.pooling import shares_sessions
from midair.errors import BehindPooler, NoDatabase, NothingHere, SeveralHere, Unsupported
from midair.execution import locks, orphans
from midair.execution.services import Reporter, WallClock
from midair.journal import contracts
from midair.model.address import Address, Product, Secret
from midair.model.frozen import frozen
from midair.model.statement import Statement
from midair.pipeline.request import Request, application_of, bounds_of, guard_of
from midair.rehearsal.binaries import client_program
from midair.rehearsal.clone import clone_schema
from midair.rehearsal.server import ThrowawayDatabases
from midair.sources.history import History
from midair.sources.recognise import recognise, source_of
from midair.sources.source import Found, Options, Project, Source


def detect(root: Path, variables: Mapping[str, str]) -> tuple[Found, ...]:
    """What is here: the projects midair recognises, nothing run.

    Raises:
        NothingHere: the folder does not exist.
    """
    if not root.is_dir():
        raise NothingHere(f"there is no folder {root}", hint="check the path given to -C")
    return recognise(root, variables)


def open_project(request: Request) -> tuple[Source, Project]:
    """The one project the request means, read.

    Raises:
        NothingHere, SeveralHere: none or several were recognised.
        ProjectError: its files cannot be understood.
    """
    every = detect(request.root, request.variables)
    found = [
        each
        for each in every
        if request.tool in (None, each.tool) and (not request.folder or _same(request, each))
    ]
    if not found:
        seen = f"; recognised are {', '.join(sorted({each.tool for each in every}))}" if every else ""
        raise NothingHere(
            f"no migrations were recognised in {request.root}{seen}",
            hint="point -C at the project; `midair detect --help` lists the marks",
        )
    if len(found) > 1:
        names = "; ".join(f"{each.tool} in {each.folder}" for each in found)
        raise SeveralHere(
            f"{len(found)} projects are here: {names}", hint="choose one with --tool or -C, or in midair.toml"
        )
    source = source_of(found[0].tool)
    return source, source.read(found[0], options_of(request))


def options_of(request: Request) -> Options:
    """What a source may know of the request."""
    product = parse(request.url).product if request.url else None
    return Options(
        variables=request.variables,
        tool=request.tool_options,
        python=request.python,
        product=product,
        url_words=words_for_tool(request.url) if request.url else {},
        may_run=request.may_run,
    )


def options_for(request: Request, session: Session) -> Options:
    """The same, once the server has said which product it is."""
    database = session.address.database if session.product is Product.MARIADB else None
    return replace(options_of(request), product=session.product, database=database)


def address_of(request: Request, project: Project | None) -> Address:
    """The target database: what the request says, else what the project's own files say, else `DATABASE_URL`.

    Raises:
        NoDatabase: neither names one.
    """
    address = parse(request.url) if request.url else project.address if project else None
    if address is None and request.variables.get("DATABASE_URL"):
        address = parse(Secret(request.variables["DATABASE_URL"]))
    if address is None:
        raise NoDatabase(
            f"no database is named for {f'this {project.tool} project' if project else 'these files'}",
            hint="give --url, set DATABASE_URL, or name one in midair.toml",
        )
    return replace(address, password=request.password) if request.password else address


def connected(request: Request, source: Source, address: Address) -> Session:
    """A session on the target.

    Raises:
        Unsupported: midair does not run this tool's migrations on the product.
        Unreachable, LoginRefused: see `open_session`.
    """
    if address.product not in source.products:
        raise Unsupported(
            f"midair runs {source.tool} projects on {' and '.join(sorted(source.products))}, and {address} is {address.product}",
            state="nothing was changed",
            hint="on MariaDB it runs Liquibase projects",
        )
    return open_session(address, guard_of(request), application_of(request))


@frozen
class Opened:
    """A project read, its database connected, its scratch databases at hand."""

    request: Request
    source: Source
    project: Project
    session: Session
    scratch: ThrowawayDatabases
    options: Options

    def lock_keys(self) -> tuple[int, ...]:
        lock = self.project.history.lock(self.session)
        return lock.keys if lock else ()

    def lone_build_keys(self) -> tuple[int, ...]:
        lock = self.project.history.lock(self.session)
        return lock.keys if lock and lock.lone_builds else ()


@contextmanager
def opening(request: Request) -> Generator[Opened]:
    """Everything a command works with, for as long as the context lasts."""
    source, project = open_project(request)
    address = address_of(request, project)
    session = connected(request, source, address)
    major = session.server_version // 10_000 if address.product is Product.POSTGRESQL else None
    scratch = ThrowawayDatabases(
        major,
        request.variables,
        lambda copy: _fill(copy, session, project.history, request),
        parse(request.scratch_url) if request.scratch_url else None,
    )
    options = options_for(request, session)
    if options.product is not project.product or options.database:
        project = reread(request, source, project, options)  # some projects keep a history per product
    project = replace(project, address=session.address)
    try:
        yield Opened(request, source, project, session, scratch, options)
    finally:
        session.close()
        scratch.close()


@contextmanager
def alone(opened: Opened, report: Reporter) -> Generator[None]:
    """midair's lock, then the tool's; both end with the session, a lock that is a row of a table with the run.

    Raises:
        BehindPooler: the connection has no session of its own.
        AlreadyRunning: another run, or the tool, is at work.
    """
    _refuse_pooler(opened)
    bounds, clock = bounds_of(opened.request), WallClock()
    history_table = opened.project.history.table
    ours = [locks.database_key(), locks.own_key(history_table)]
    locks.take(opened.session, "midair", ours, bounds, clock, report)
    orphans.end_orphans(opened.session, clock, report)
    locks.take(opened.session, opened.project.tool, opened.lock_keys(), bounds, clock, report)
    hold = opened.project.history.hold
    with locks.holding(hold, opened.session, opened.project.tool, bounds, clock, report):
        yield


def _refuse_pooler(opened: Opened) -> None:
    def another() -> Session:
        return open_session(opened.session.address, guard_of(opened.request), application_of(opened.request))

    if shares_sessions(opened.session, another):
        raise BehindPooler(
            f"{opened.session.address} is a pooler in transaction mode: locks and settings would not stay with this run",
            state="nothing was changed",
            hint="give the server's own address, or the pooler's in session mode, with --url",
        )


def _fill(copy: Session, target: Session, history: History, request: Request) -> None:
    clone_schema(target, copy, lambda arguments: dump_of(target, request, arguments), history.table)
    for each in contracts.waiting(target):
        # A tool's program, and its author, know the shape that the contract leaves.
        span = each.contract.origin.span
        copy.run([Statement(sql, span) for sql in each.contract.statements], atomic=True)


def dump_of(target: Session, request: Request, arguments: Sequence[str]) -> str:
    """What `pg_dump` of the server's own major version says with these arguments."""
    major = target.server_version // 10_000
    return dump(client_program("pg_dump", major, request.variables), target.address, arguments)


def _same(request: Request, found: Found) -> bool:
    return request.folder is not None and found.folder.resolve() == (request.root / request.folder).resolve()


def reread(request: Request, source: Source, project: Project, options: Options) -> Project:
    """The same project, read for another product."""
    found = recognise(request.root, request.variables)
    same = next(each for each in found if each.tool == project.tool and each.folder == project.folder)
    return source.read(same, options)

"""The product, told in one module: source → plan → execute → record → report.

Every command is a shorter cut of `apply`. All functions take a `Request`, which is everything the
caller decided; none of them reads settings, prints, or keeps anything.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from midair.database import Guard, Session, open_session
from midair.database.address import parse
from midair.database.dump import dump
from midair.database.session import prepare
from midair.dialects.dialect import dialect_of
from midair.errors import (
    Dirty,
    HistoryDiverged,
    MidairError,
    MigrationFailed,
    NoDatabase,
    NothingHere,
    PlanChanged,
    ProgramFailed,
    SeveralHere,
    Unsupported,
)
from midair.execution import locks
from midair.execution.execute import Flight, execute
from midair.execution.services import Bounds, Clock, Reporter, WallClock
from midair.journal import Journal, OpenStep, RunRecord
from midair.model.address import Address, Product, Secret
from midair.model.migration import Applied, Direction, Migration, RevisionId, Script, Standing, State
from midair.model.outcome import Done
from midair.model.plan import Plan, RunLive, Step
from midair.model.statement import Sql
from midair.planning.choose import find, pending_of, undoing
from midair.planning.lay_out import Item, lay_out, record_only
from midair.rehearsal.binaries import client_program
from midair.rehearsal.clone import clone_schema
from midair.rehearsal.server import ThrowawayDatabases
from midair.sources.history import REMEMBERED, History, Marks
from midair.sources.recognise import recognise, source_of
from midair.sources.source import Found, Options, Project, Source, Work


@dataclass(frozen=True, slots=True)
class Request:
    """What one command works on, and within which bounds. Times in seconds.

    `tool` and `folder` choose among several recognised projects. `url` wins over what the project's
    own files say. `scratch_url` is a server for throwaway databases; else one is started.
    """

    root: Path
    tool: str | None = None
    folder: Path | None = None
    url: Secret | None = None
    password: Secret | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    tool_options: Mapping[str, str] = field(default_factory=dict[str, str])
    python: str | None = None
    lock_wait_s: float = 0.05
    lock_budget_s: float = 600.0
    statement_timeout_s: float = 0.0
    wait_s: float = 0.0
    scratch_url: Secret | None = None
    environment: str | None = None


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
    problem: MidairError | None = None
    """What keeps the tool, and midair, from going on (dirty, diverged)."""


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
    return Options(request.variables, request.tool_options, request.python, product)


def address_of(request: Request, project: Project) -> Address:
    """The target database: what the request says, else what the project's own files say, else `DATABASE_URL`.

    Raises:
        NoDatabase: neither names one.
    """
    address = parse(request.url) if request.url else project.address
    if address is None and request.variables.get("DATABASE_URL"):
        address = parse(Secret(request.variables["DATABASE_URL"]))
    if address is None:
        raise NoDatabase(
            f"no database is named for this {project.tool} project",
            hint="give --url, set DATABASE_URL, or name one in midair.toml",
        )
    return replace(address, password=request.password) if request.password else address


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
        session = open_session(address, _guard(request), _application(request))
    except MidairError as error:
        return Status(project, source.compare(project, ()), address, unreachable=error)
    try:
        return _status_of(source, project, address, session)
    finally:
        session.close()


def _status_of(source: Source, project: Project, address: Address, session: Session) -> Status:
    journal = Journal(session)
    applied = _applied(project, session, journal)
    runs, half_done = journal.runs(1), journal.open_steps()
    problem: MidairError | None = None
    try:
        standings = _with_journal(source.compare(project, applied), journal.checksums(project.tool))
    except (Dirty, HistoryDiverged) as error:
        judge = source.judge or _plainly
        problem, standings = error, judge(project, applied)
    return Status(
        project,
        standings,
        address,
        session.server_version,
        None,
        runs[0] if runs else None,
        half_done,
        problem,
    )


def history(request: Request) -> tuple[tuple[Applied, ...], tuple[RunRecord, ...]]:
    """What the tool's table holds, and the runs in midair's journal, newest first."""
    _, project = open_project(request)
    session = open_session(address_of(request, project), _guard(request), _application(request))
    try:
        return project.history.read(session), Journal(session).runs()
    finally:
        session.close()


def plan(
    request: Request,
    target: str | None = None,
    direction: Direction = Direction.UP,
    *,
    keep_target: bool = False,
) -> Plan:
    """The steps `apply` (or `rollback`) would take now; nothing is written to the target.

    Raises:
        ProjectError: the migrations, the history or the target do not fit together.
    """
    with _opened(request) as opened:
        return _planned(opened, target, direction, keep_target=keep_target)


def apply(
    request: Request, report: Reporter, target: str | None = None, *, approved: str | None = None
) -> Done:
    """Brings the database to the target revision, as the plan shows it.

    `approved` is the digest of a plan somebody agreed to: any other plan is refused.

    Raises:
        PlanChanged: the plan is no longer the approved one.
        Refused, ExecutionError: see `errors`.
    """
    with _opened(request) as opened, _alone(opened, report):
        made = _planned(opened, target, Direction.UP)
        _refuse_unapproved(opened, made, approved)
        return _flown(opened, made, report)


def rollback(
    request: Request,
    report: Reporter,
    target: str = "-1",
    *,
    keep_target: bool = False,
    approved: str | None = None,
) -> Done:
    """Takes migrations back by the tool's own downgrades, newest first.

    Raises:
        Irreversible: one of them has no way back; nothing was changed.
    """
    with _opened(request) as opened, _alone(opened, report):
        made = _planned(opened, target, Direction.DOWN, keep_target=keep_target)
        _refuse_unapproved(opened, made, approved)
        return _flown(opened, made, report)


def resume(request: Request, report: Reporter) -> Done:
    """Goes on where a crash or Ctrl-C stopped: the half-done migration first, in its own direction, then nothing more.

    `apply` continues by itself; this is for finishing what was begun without starting anything new.
    """
    with _opened(request) as opened, _alone(opened, report):
        begun = Journal(opened.session).open_steps()
        if not begun:
            return Done(None, 0)
        direction = Direction(begun[0].direction)
        made = _planned(opened, begun[0].revision, direction)
        return _flown(opened, made, report)


def stamp(request: Request, report: Reporter, target: str) -> Done:
    """Writes the tool's history as if every migration up to the target had run, and runs nothing.

    Raises:
        UnknownRevision: no migration matches the target.
    """
    with _opened(request) as opened, _alone(opened, report):
        project, session = opened.project, opened.session
        applied = project.history.read(session)
        standings = opened.source.compare(project, applied)
        chosen = [each for each in pending_of(standings, target) if not each.repeatable]
        if opened.source.baseline is not None and not applied and chosen:
            rows = opened.source.baseline(session, replace(project, migrations=tuple(chosen)))
            items = [Item(chosen[-1], Script(), rows)]
        else:
            items = _items(chosen, {}, project.history.record(session, chosen, applied))
        prepare = project.history.create(session)
        return _flown(
            opened, record_only(project.tool, items, Direction.UP, _names(applied), prepare), report
        )


def repair(
    request: Request,
    report: Reporter,
    revision: str | None = None,
    *,
    done: bool | None = None,
    apply_it: bool = True,
) -> tuple[str, ...]:
    """Settles what a crash or a hand left: gives one sentence for each thing it did (or would do).

    Without a revision: the tool's own repair (Flyway), and edited files are accepted as they are now.
    With one: `done` says what a person found out about a migration nothing else can tell about.
    """
    with _opened(request) as opened, _alone(opened, report):
        if revision is not None and done is not None:
            return _settled(opened, revision, done=done, apply_it=apply_it)
        return _repaired(opened, apply_it=apply_it)


def new(request: Request, description: str) -> tuple[Path, ...]:
    """Writes an empty migration in the tool's own format, named by its convention, with the downgrade part."""
    source, project = open_project(request)
    return source.new(project, description, options_of(request))


# ── the parts ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Opened:
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
def _opened(request: Request) -> Generator[_Opened]:
    source, project = open_project(request)
    address = address_of(request, project)
    session = open_session(address, _guard(request), _application(request))
    major = session.server_version // 10_000 if address.product is Product.POSTGRESQL else None
    scratch = ThrowawayDatabases(
        major,
        request.variables,
        lambda copy: _fill(copy, session, project.history, request),
        parse(request.scratch_url) if request.scratch_url else None,
    )
    options = replace(options_of(request), product=address.product)
    if options.product is not project.product:
        project = source.read(_found(request, project), options)  # some projects keep a history per product
    project = replace(project, address=address)
    try:
        yield _Opened(request, source, project, session, scratch, options)
    finally:
        session.close()
        scratch.close()


@contextmanager
def _alone(opened: _Opened, report: Reporter) -> Generator[None]:
    """midair's lock, then the tool's; both end with the session."""
    bounds, clock = _bounds(opened.request), WallClock()
    history_table = opened.project.history.table
    locks.take(opened.session, "midair", [locks.own_key(history_table)], bounds, clock, report)
    locks.take(opened.session, opened.project.tool, opened.lock_keys(), bounds, clock, report)
    yield


def _planned(opened: _Opened, target: str | None, direction: Direction, *, keep_target: bool = False) -> Plan:
    project, session, source = opened.project, opened.session, opened.source
    applied, standings = _standings(opened)
    if direction is Direction.UP:
        chosen = pending_of(standings, target)
        marks = project.history.record(session, chosen, applied)
    else:
        chosen = undoing(standings, target or "-1", keep_target=keep_target)
        marks = project.history.forget(session, chosen, applied)
    work = Work(chosen, direction, applied, session.product)
    scripts = source.scripts(project, work, opened.scratch, opened.options)
    return lay_out(
        project.tool,
        direction,
        _items(chosen, scripts.by_revision, marks),
        dialect_of(session.product),
        prologue=scripts.prologue,
        epilogue=scripts.epilogue,
        one_transaction=project.history.run_is_one_transaction,
        before=_names(applied),
        prepare=(*scripts.before_history, *project.history.create(session))
        if direction is Direction.UP
        else (),
    )


def _standings(opened: _Opened) -> tuple[tuple[Applied, ...], tuple[Standing, ...]]:
    """What is applied, and every migration's standing; a dirty mark that is midair's own is looked through.

    Raises:
        HistoryDiverged: an applied file was edited since midair applied it.
    """
    project, journal = opened.project, Journal(opened.session)
    applied = _applied(project, opened.session, journal)
    try:
        standings = opened.source.compare(project, applied)
    except Dirty as error:
        restored = _restored(error, journal.open_steps())
        if restored is None:
            raise
        applied = restored
        standings = opened.source.compare(project, applied)
    standings = _with_journal(standings, journal.checksums(project.tool))
    edited = [each for each in standings if each.state is State.CHANGED and each.migration]
    if edited:
        spans = ", ".join(str(each.migration.span.path) for each in edited[:3] if each.migration)
        raise HistoryDiverged(
            f"{spans} was edited after it was applied",
            state="nothing was changed",
            hint="restore the file, or run `midair repair` to accept it as it is now",
        )
    return applied, standings


def _applied(project: Project, session: Session, journal: Journal) -> tuple[Applied, ...]:
    """The tool's history; one that is only a cursor is completed by what the journal remembers."""
    applied = project.history.read(session)
    if not project.history.is_cursor:
        return applied
    remembered = (
        Applied(revision, order=-1, kind=REMEMBERED) for revision in journal.checksums(project.tool)
    )
    return (*applied, *remembered)


def _flown(opened: _Opened, made: Plan, report: Reporter) -> Done:
    session = opened.session
    _close_recorded(opened)
    if not made.segments:
        return Done(None, 0)
    if made.prepare:
        # The tool's table first: some tools refuse a database that holds only ours.
        prepare(session, made.prepare, f"the tool's history table {opened.project.history.table}")
    journal = Journal(session)
    journal.prepare()
    flight = Flight(
        plan=made,
        session=session,
        journal=journal,
        dialect=dialect_of(session.product),
        bounds=_bounds(opened.request),
        clock=_clock(),
        reporter=report,
        reconnect=lambda: open_session(session.address, _guard(opened.request), _application(opened.request)),
        live=lambda step, action: _run_live(opened, step, action),
        lone_build_keys=opened.lone_build_keys(),
    )
    done = execute(flight)
    _remember_all(opened, journal)
    if opened.source.after_run is not None:
        opened.source.after_run(
            opened.project, session, lambda arguments: _dump(session, opened.request, arguments)
        )
    return done


def _fill(copy: Session, target: Session, history: History, request: Request) -> None:
    clone_schema(target, copy, lambda arguments: _dump(target, request, arguments), history.table)


def _dump(target: Session, request: Request, arguments: Sequence[str]) -> str:
    major = target.server_version // 10_000
    return dump(client_program("pg_dump", major, request.variables), target.address, arguments)


def _close_recorded(opened: _Opened) -> None:
    """Steps of a migration whose own program recorded it right before midair died: the history has the last word."""
    journal = Journal(opened.session)
    begun = journal.open_steps()
    if not begun:
        return
    try:
        standings = opened.source.compare(opened.project, opened.project.history.read(opened.session))
    except Dirty:
        return  # the history itself says that it is not recorded
    there = {each.revision for each in standings if each.state is State.APPLIED}
    over = dict.fromkeys(
        each.revision for each in begun if (each.direction == Direction.UP) == (each.revision in there)
    )
    if over:
        opened.session.run([journal.close_steps(revision) for revision in over], atomic=True)


def _remember_all(opened: _Opened, journal: Journal) -> None:
    """Keeps the digest of every applied file the journal does not know: the tool itself ran it."""
    project = opened.project
    known = journal.checksums(project.tool)
    standings = opened.source.compare(project, project.history.read(opened.session))
    unknown = [
        each.migration
        for each in standings
        if each.state is State.APPLIED and each.migration and each.revision not in known
    ]
    if unknown:
        opened.session.run(
            [journal.remember("seen", project.tool, each.revision, each.checksum or "") for each in unknown],
            atomic=True,
        )


def _run_live(opened: _Opened, step: Step, action: RunLive) -> None:
    """Lets the migration's own program run against the target, bounded like everything else."""
    if opened.source.live is None or step.revision is None:
        raise Unsupported(
            f"{opened.project.tool} has no way to run {step.revision} by itself ({action.reason})"
        )
    by_revision = {each.revision: each for each in opened.project.migrations}
    migrations = [by_revision[revision] for revision in action.revisions]
    bounds = {"lock_timeout": f"{round(opened.request.lock_wait_s * 1000)}ms"}
    address, options = opened.session.address, opened.options
    try:
        opened.source.live(opened.project, migrations, step.direction, address, options, bounds)
    except ProgramFailed as error:
        raise MigrationFailed(
            error.message,
            state=f"{step.revision} was rolled back by its own program as far as it is one transaction; migrations before it are recorded",
            hint="mend the migration and run `midair resume`",
        ) from error
    _check_recorded(opened, step, action)


def _check_recorded(opened: _Opened, step: Step, action: RunLive) -> None:
    """A program can end well and have rolled everything back (other-tools.md §9): its own history has the last word."""
    applied = opened.project.history.read(opened.session)
    there = {
        each.revision
        for each in opened.source.compare(opened.project, applied)
        if each.state is State.APPLIED
    }
    wrong = [each for each in action.revisions if (each in there) != (step.direction is Direction.UP)]
    if wrong:
        raise MigrationFailed(
            f"{', '.join(wrong)} ran and {action.tool} has no record of it: its program rolled back, or wrote elsewhere",
            state="the tool's history is as before",
            hint="look at how env.py opens its connection and begins its transaction",
        )


def _settled(opened: _Opened, revision: str, *, done: bool, apply_it: bool) -> tuple[str, ...]:
    project, session = opened.project, opened.session
    journal = Journal(session)
    applied = project.history.read(session)
    try:
        standings = opened.source.compare(project, applied)
    except Dirty as error:
        applied = _restored(error, journal.open_steps()) or ()
        standings = opened.source.compare(project, applied)
    migration = find(standings, revision)
    marks: tuple[Marks, ...] = project.history.record(session, [migration], applied) if done else ()
    clean = _clean_marks(project.history, session, migration, applied) if not done else ()
    sql = [*(statement for mark in marks for statement in mark.within), *clean]
    if journal.ready:
        sql.append(journal.close_steps(migration.revision))
    if apply_it and sql:
        session.run(sql, atomic=True)
    verb = "recorded as applied" if done else "recorded as not applied"
    return (f"{migration.revision} {verb}; its open steps are closed",)


def _clean_marks(
    history: History, session: Session, migration: Migration, applied: Sequence[Applied]
) -> tuple[Sql, ...]:
    """What puts the history back to before a migration that was begun: forgetting it."""
    return tuple(
        sql for mark in history.forget(session, [migration], applied) for sql in (mark.within or mark.after)
    )


def _repaired(opened: _Opened, *, apply_it: bool) -> tuple[str, ...]:
    project, session = opened.project, opened.session
    said: list[str] = []
    sql: list[Sql] = []
    if opened.source.repair is not None:
        for sentence, statement in opened.source.repair(session, project, project.history.read(session)):
            said.append(sentence)
            sql.append(statement)
    journal = Journal(session)
    known = journal.checksums(project.tool)
    for migration in project.migrations:
        if migration.checksum and known.get(migration.revision, migration.checksum) != migration.checksum:
            said.append(f"accepted {migration.span.path} as it is now")
            sql.append(journal.remember("repair", project.tool, migration.revision, migration.checksum))
    if apply_it and sql:
        session.run(sql, atomic=True)
    return tuple(dict.fromkeys(said))


def _restored(error: Dirty, begun: Sequence[OpenStep]) -> tuple[Applied, ...] | None:
    """The history as it was before the migration that left the mark, when the journal knows that midair ran it."""
    ours = {(each.revision, each.direction) for each in begun}
    for revision, direction, before in error.suspects:
        if (revision, direction) in ours:
            return tuple(Applied(RevisionId(each)) for each in before)
    return None


def _with_journal(standings: Sequence[Standing], known: Mapping[RevisionId, str]) -> tuple[Standing, ...]:
    """Marks applied files whose digest differs from the journal's: most tools keep none and would not notice."""
    if not known:
        return tuple(standings)
    return tuple(
        replace(each, state=State.CHANGED)
        if each.state is State.APPLIED
        and each.migration
        and each.migration.checksum
        and not each.migration.repeatable
        and known.get(each.revision, each.migration.checksum) != each.migration.checksum
        else each
        for each in standings
    )


def _plainly(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Standings without the tool's judgement, for showing a history the tool refuses."""
    there = {each.revision: each for each in applied}
    return tuple(
        Standing(
            each.revision,
            State.APPLIED if each.revision in there else State.PENDING,
            each,
            there.get(each.revision),
        )
        for each in project.migrations
    )


def _items(
    chosen: Sequence[Migration], scripts: Mapping[RevisionId, Script], marks: Sequence[Marks]
) -> list[Item]:
    return [
        Item(
            each, scripts.get(each.revision, Script()), mark.within, mark.before, mark.after, mark.on_failure
        )
        for each, mark in zip(chosen, marks, strict=True)
    ]


def _names(applied: Sequence[Applied]) -> tuple[RevisionId, ...]:
    return tuple(each.revision for each in applied if each.kind != REMEMBERED)


def _refuse_unapproved(opened: _Opened, made: Plan, approved: str | None) -> None:
    """An approved plan that was begun here may be finished: what is left of it is all that is planned."""
    if approved is None or made.digest == approved:
        return
    begun = Journal(opened.session).steps_of(approved)
    if not begun or any(step.id not in begun for step in made.steps):
        raise PlanChanged(
            f"the plan is {made.digest} now, and {approved} was approved: migrations or history changed since",
            state="nothing was changed",
            hint="look at `midair plan` again and approve what it shows",
        )


def _guard(request: Request) -> Guard:
    return Guard(round(request.lock_wait_s * 1000), round(request.statement_timeout_s * 1000))


def _bounds(request: Request) -> Bounds:
    return Bounds(request.wait_s, request.lock_budget_s)


def _clock() -> Clock:
    return WallClock()


def _application(request: Request) -> str:
    return f"midair {request.environment}" if request.environment else "midair"


def _same(request: Request, found: Found) -> bool:
    return request.folder is not None and found.folder.resolve() == (request.root / request.folder).resolve()


def _found(request: Request, project: Project) -> Found:
    return next(
        each
        for each in recognise(request.root, request.variables)
        if each.tool == project.tool and each.folder == project.folder
    )

"""Where a rehearsal plays: databases on a throwaway server, each as the target is now, and none of them the target."""

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from uuid import uuid4

from midair.database import Guard, Session, open_session
from midair.database.address import parse
from midair.errors import LoginRefused, NoDatabase, StatementFailed, Unreachable, Unsupported
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.model.schema import Schema
from midair.model.statement import Sql, Statement, quoted
from midair.pipeline.opening import Opened, address_of, dump_of, open_project, options_of, reread
from midair.pipeline.request import Request, application_of, guard_of, strategy_of
from midair.rehearsal.binaries import client_program
from midair.rehearsal.clone import clone_schema
from midair.rehearsal.sample import Sampled, sample
from midair.rehearsal.server import ThrowawayDatabases, throwaway_server
from midair.rehearsal.statistics import restore, statistics
from midair.rehearsal.workload import workload_of
from midair.sources.source import Options, Project, Source

_PREFIX = "midair_rehearsal_"
_SWEPT_AFTER_S = 86_400
"""No rehearsal takes a day, and its template has no connections that would show it is in use."""


@frozen
class Wants:
    """What else is read from the target: so many rows of each table, without the values of the masked columns; its
    statements."""

    rows: int = 0
    masks: tuple[str, ...] = ()
    queries: bool = False


NOTHING_MORE = Wants()
_CARRIES_STATISTICS = 18
"""The first server that takes planner statistics in (PostgreSQL manual, 9.28.7, pg_restore_relation_stats)."""


@frozen
class Stage:
    """A project, a throwaway server, and a template there that is what the target is now.

    `strategy` is what `apply` would follow. `target` is its schema with sizes, `None` when no target was read.
    `start` says in words where the template came from. `majors` are the major versions of the server and of the target.
    """

    request: Request
    source: Source
    project: Project
    options: Options
    admin: Address
    template: str
    start: str
    target: Schema | None
    majors: tuple[int, int | None]
    strategy: str = "direct"
    queries: tuple[Statement, ...] = ()
    """What the target's statistics say the application sends."""
    sampled: Sampled = field(default_factory=Sampled)
    """The target's own rows in the template."""
    left_out: tuple[str, ...] = ()
    """Statements about owners, privileges and comments that the scratch server's role may not run."""

    @contextmanager
    def opened(self, strategy: str = "direct") -> Generator[Opened]:
        """A fresh database as the target is now, opened as a command would open the target; gone afterwards.

        `direct` is as written: what the author sent is what must hold, whatever `apply` would make of it.
        """
        request = replace(self.request, strategy=strategy)
        name = _fresh_name()
        with _session(self.admin) as admin:
            admin.run([Sql(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(self.template)}")], atomic=False)
        address = replace(self.admin, database=name)
        session = open_session(address, Guard(), "midair rehearsal")
        scratch = ThrowawayDatabases(
            None,
            self.request.variables,
            lambda copy: _clone(session, copy, request, self.project),
            self.admin,
        )
        source = replace(self.source, after_run=None)  # a file of the project is not ours to write now
        try:
            yield Opened(
                request, source, replace(self.project, address=address), session, scratch, self.options
            )
        finally:
            session.close()
            scratch.close()
            with _session(self.admin) as admin:
                admin.run([Sql(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")], atomic=False)

    def bring_roles(self, names: Sequence[str]) -> None:
        """Makes roles that statements speak of and the server lacks, if it lets us; they may not log in."""
        with _session(self.admin) as admin:
            there = {str(row[0]) for row in admin.query("SELECT rolname FROM pg_roles")}
            allowed = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
            if not admin.query(allowed)[0][0]:
                return
            for each in dict.fromkeys(names):
                if each not in there:
                    admin.run([Sql(f"CREATE ROLE {quoted(each)}")], atomic=False)


@contextmanager
def stage(request: Request, *, from_empty: bool = False, wants: Wants = NOTHING_MORE) -> Generator[Stage]:
    """A server with everything in place; the target is only read, and only at the beginning.

    Raises:
        Unsupported: the target is not PostgreSQL.
        MissingExtension: the throwaway server lacks an extension that the target uses.
        Unreachable, LoginRefused: the target that was named did not answer.
    """
    source, project = open_project(request)
    address = None if from_empty else _address(request, project)
    product = address.product if address else project.product
    if product not in (Product.POSTGRESQL, None):
        raise Unsupported(
            f"a rehearsal needs PostgreSQL, and this project is for {product}",
            hint="copy the file and apply to the copy" if product is Product.SQLITE else None,
        )
    options = replace(options_of(request), product=Product.POSTGRESQL)
    if project.product is not Product.POSTGRESQL:
        project = reread(request, source, project, options)
    with ExitStack() as exits:
        target, why_not = _asked(address, request, exits)
        major = target.server_version // 10_000 if target else None
        admin = exits.enter_context(_server(request, major))
        template = _fresh_name()
        with _session(admin) as maintenance:
            own = maintenance.server_version // 10_000
            _sweep(maintenance)
            maintenance.run([Sql(f"CREATE DATABASE {quoted(template)}")], atomic=False)
        start = f"an empty database{f'; {why_not}' if why_not else ''}"
        strategy = strategy_of(request, address) if address else request.strategy or "direct"
        made = Stage(request, source, project, options, admin, template, start, None, (own, major), strategy)
        try:
            yield _filled(made, target, wants) if target else made
        finally:
            with _session(admin) as maintenance:
                maintenance.run(
                    [Sql(f"DROP DATABASE IF EXISTS {quoted(template)} WITH (FORCE)")], atomic=False
                )


def roles_in(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Roles that statements name: a GRANT to one that is missing would fail for a reason of ours."""
    from midair.dialects.postgresql.roles import roles_named

    return tuple(dict.fromkeys(name for each in statements for name in roles_named(each.sql)))


def _filled(made: Stage, target: Session, wants: Wants) -> Stage:
    from midair.dialects.postgresql.snapshot import snapshot

    made.bring_roles(
        [str(row[0]) for row in target.query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")]
    )
    with _session(replace(made.admin, database=made.template)) as copy:
        history = made.project.history
        left = clone_schema(
            target,
            copy,
            lambda arguments: dump_of(target, made.request, arguments),
            history.table,
            whole=True,
        )
        own = [each.removeprefix("public.") for each in history.tables or (history.table,)]
        taken = sample(target, copy, wants.rows, wants.masks, own) if wants.rows else Sampled()
        if made.majors[0] >= _CARRIES_STATISTICS:
            words = statistics(
                client_program("pg_dump", made.majors[0], made.request.variables),
                target.address,
                whole=bool(wants.rows) and not wants.masks,
            )
            restore(copy, words)
    queries = workload_of(target) if wants.queries else ()
    start = f"the schema of {target.address}"
    return replace(made, start=start, target=snapshot(target), queries=queries, sampled=taken, left_out=left)


def _clone(source: Session, copy: Session, request: Request, project: Project) -> None:
    clone_schema(source, copy, lambda arguments: dump_of(source, request, arguments), project.history.table)


def _address(request: Request, project: Project) -> Address | None:
    try:
        return address_of(request, project)
    except NoDatabase:
        return None


def _asked(address: Address | None, request: Request, exits: ExitStack) -> tuple[Session | None, str | None]:
    """The target, or why it is not asked: one that only the project's own files name need not be there."""
    if address is None:
        return None, None
    try:
        return exits.enter_context(_target(address, request)), None
    except (Unreachable, LoginRefused):
        if request.url:
            raise
        return None, f"{address}, which the project names, did not answer"


@contextmanager
def _target(address: Address, request: Request) -> Generator[Session]:
    """The target, for reading: the server itself refuses anything else in this session."""
    options = dict(address.options)
    options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on".strip()
    session = open_session(
        replace(address, options=tuple(options.items())), guard_of(request), application_of(request)
    )
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _server(request: Request, major: int | None) -> Generator[Address]:
    if request.scratch_url:
        yield parse(request.scratch_url)
        return
    with throwaway_server(major, request.variables, ("wal_level=replica", "max_wal_senders=0")) as server:
        yield server.admin


@contextmanager
def _session(address: Address) -> Generator[Session]:
    session = open_session(address, Guard(), "midair rehearsal")
    try:
        yield session
    finally:
        session.close()


def _fresh_name() -> str:
    """Tells when it was made: a role that may only create databases cannot ask the server."""
    return f"{_PREFIX}{int(time.time()):x}_{uuid4().hex[:8]}"


def _sweep(maintenance: Session) -> None:
    """Drops databases of rehearsals that were killed: old, and nobody is connected to them any more."""
    left = maintenance.query(
        "SELECT d.datname FROM pg_database d WHERE starts_with(d.datname, %s) AND pg_has_role(d.datdba, 'MEMBER')"
        " AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)",
        (_PREFIX,),
    )
    for (name,) in left:
        made = str(name).removeprefix(_PREFIX).partition("_")[0]
        if time.time() - int(made, 16) < _SWEPT_AFTER_S:
            continue
        try:
            maintenance.run([Sql(f"DROP DATABASE IF EXISTS {quoted(name)}")], atomic=False)
        except StatementFailed:
            continue  # somebody came back to it: then it is not ours to remove

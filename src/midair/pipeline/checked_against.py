"""What `check` compares a project with: a database that says what is applied, or the files alone."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from midair.database.address import parse
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import (
    Dirty,
    HistoryDiverged,
    LoginRefused,
    MidairError,
    NoDatabase,
    Unreachable,
    Unsupported,
)
from midair.journal import Journal
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Applied, Standing
from midair.model.schema import Schema
from midair.pipeline.opening import Opened, address_of, open_project, opening, options_of
from midair.pipeline.request import Request, strategy_of
from midair.pipeline.standings import applied_in, plainly, with_journal
from midair.rehearsal.server import ThrowawayDatabases
from midair.sources.source import Options, Project, Scratch, Source


@frozen
class Ground:
    """A project and what is known of its database. `schema` is `None` where only the files were asked.

    `release` is the server's own number (140002), `strategy` is how `apply` would run there. `scratch` gives databases as the target is, `empty`
    gives empty ones. `why_not` says why no database was asked although one is named.
    """

    source: Source
    project: Project
    options: Options
    standings: tuple[Standing, ...]
    scratch: Scratch
    empty: Scratch
    applied: tuple[Applied, ...] = ()
    schema: Schema | None = None
    major: int | None = None
    release: int | None = None
    catalog: str | None = None
    strategy: str | None = None
    why_not: MidairError | None = None


@contextmanager
def ground(request: Request, *, ask: bool, must_answer: bool) -> Generator[Ground]:
    """What is known, for as long as the context lasts.

    `ask`: the project's own database may be asked; `must_answer`: the caller named it, so that not
    reaching it is an error and not a reason to look at the files alone.

    Raises:
        Unsupported: the database is no PostgreSQL, whose behaviour all rules are about.
        ProjectError: the files cannot be read.
    """
    with ExitStack() as stack:
        source, project = open_project(request)
        why_not: MidairError | None = None
        if ask or must_answer:
            try:
                _refuse_other_products(request, project)
                opened = stack.enter_context(opening(request))
            except (NoDatabase, Unreachable, LoginRefused) as error:
                if must_answer:
                    raise
                why_not = None if isinstance(error, NoDatabase) else error
            else:
                yield _with_database(opened, stack)
                return
        empty = _empty(request, None, stack)
        yield Ground(
            source,
            project,
            replace(options_of(request), product=Product.POSTGRESQL),
            source.compare(project, ()),
            empty,
            empty,
            why_not=why_not,
        )


def _refuse_other_products(request: Request, project: Project) -> None:
    address = address_of(request, project)
    if address.product is not Product.POSTGRESQL:
        raise Unsupported(
            f"`midair check` knows PostgreSQL, and {address} is {address.product}",
            hint="name the PostgreSQL that these migrations are for with --against, or name files to look at them alone",
        )


def _with_database(opened: Opened, stack: ExitStack) -> Ground:
    journal = Journal(opened.session, opened.project.tool)
    applied = applied_in(opened.project, opened.session, journal)
    try:
        standings = opened.source.compare(opened.project, applied)
    except (Dirty, HistoryDiverged):  # `status` tells; here the files are looked at all the same
        standings = (opened.source.judge or plainly)(opened.project, applied)
    major = opened.session.server_version // 10_000
    return Ground(
        opened.source,
        opened.project,
        opened.options,
        with_journal(standings, journal.checksums(opened.project.tool)),
        opened.scratch,
        _empty(opened.request, major, stack),
        applied,
        snapshot(opened.session),
        major,
        opened.session.server_version,
        str(opened.session.address),
        strategy_of(opened.request, opened.session.address),
    )


def _empty(request: Request, major: int | None, stack: ExitStack) -> ThrowawayDatabases:
    made = ThrowawayDatabases(
        major,
        request.variables,
        lambda _: None,
        parse(request.scratch_url) if request.scratch_url else None,
    )
    stack.callback(made.close)
    return made

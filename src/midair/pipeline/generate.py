"""A migration written from what a database holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from midair.database import Session, open_session
from midair.database.address import parse
from midair.dialects.dialect import dialect_of
from midair.errors import Unsupported
from midair.model.address import Product, Secret
from midair.model.statement import Span, Statement
from midair.pipeline.opening import Opened, dump_of, opening, options_of
from midair.pipeline.request import Request, application_of, guard_of
from midair.sources.history import History


@dataclass(frozen=True, slots=True)
class Generated:
    """The files written, none when nothing is missing, and in words what they do not bring about."""

    files: tuple[Path, ...]
    statements: int
    left_out: tuple[str, ...] = ()


def generate(request: Request, description: str, like: Secret | None = None) -> Generated:
    """Writes everything the database holds as migrations; with `like`, what makes it like that other database.

    Nothing is written to either database. Drops are written for PostgreSQL, to be read before they are applied; on
    SQLite what only the target has is told.

    Raises:
        Unsupported: the tool's migrations are not SQL that could be written for it, or the products differ.
    """
    with opening(request) as opened:
        write = opened.source.generate
        if write is None:
            raise Unsupported(
                f"{opened.project.tool} cannot be given generated migrations",
                hint="Alembic compares models: midair new --autogenerate",
            )
        compare = dialect_of(opened.session.product).missing
        here = definitions(opened.session, opened.request, opened.project.history)
        found = compare(here, ()) if like is None else compare(_of_other(opened, like), here)
        files = (
            write(opened.project, description, found.statements, options_of(request))
            if found.statements
            else ()
        )
        return Generated(files, len(found.statements), found.left_out)


def _of_other(opened: Opened, like: Secret) -> tuple[Statement, ...]:
    address = parse(like)
    if address.product is not opened.session.product:
        raise Unsupported(
            f"one database is {address.product} and the other {opened.session.product}",
            hint="compare two databases of one product",
        )
    session = open_session(address, guard_of(opened.request), application_of(opened.request))
    try:
        return definitions(session, opened.request, opened.project.history)
    finally:
        session.close()


def definitions(session: Session, request: Request, history: History) -> tuple[Statement, ...]:
    """Every object's definition, in an order that can be run; the tool's own tables and midair's left away."""
    own = history.tables or (history.table,)
    if session.product is Product.SQLITE:
        return _sqlite(session, own)
    if session.product is not Product.POSTGRESQL:
        raise Unsupported(
            f"midair does not read the definitions of {session.product}",
            hint="`liquibase generate-changelog` does",
        )
    arguments = ["--schema-only", "--no-owner", "--no-privileges", "--exclude-schema=midair"]
    text = dump_of(session, request, [*arguments, *(f"--exclude-table={each}" for each in own)])
    return dialect_of(session.product).split(text, "schema dump", 1)


def _sqlite(session: Session, own: Sequence[str]) -> tuple[Statement, ...]:
    rows = session.query(
        "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        " AND tbl_name NOT LIKE 'midair!_%' ESCAPE '!' ORDER BY rowid"
    )
    span = Span("sqlite_master", 1)
    return tuple(Statement(sql, span) for table, sql in rows if str(table).lower() not in own)

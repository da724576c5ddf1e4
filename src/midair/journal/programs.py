"""What the journal keeps of live programs: the rows they read, so that one can be run again and decides the same."""

from collections.abc import Iterable
from hashlib import sha256

from midair.database.session import Session
from midair.journal.journal import OpenStep
from midair.model.address import Product
from midair.model.migration import RevisionId
from midair.model.plan import StepId, is_live_step
from midair.model.statement import Sql, quoted


def _stem(revision: RevisionId) -> str:
    return f"read_{sha256(revision.encode()).hexdigest()[:12]}_"


def table_of_reads(revision: RevisionId, number: int) -> str:
    """The table for the rows of a program's query, by its number among what the program sends; as SQL."""
    return quoted("midair", f"{_stem(revision)}{number}")


def forgotten(session: Session, revision: RevisionId, step: StepId) -> tuple[Sql, ...]:
    """What takes away all that is kept of the revision's program: rows, and the plans of what ran apart from it."""
    if session.product is not Product.POSTGRESQL:
        return ()
    rows = session.query(
        "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('midair') AND starts_with(relname, %s)",
        (_stem(revision),),
    )
    plans = Sql("DELETE FROM midair.plan WHERE starts_with(digest, %s)", (f"{step}:",))
    return (plans, *(Sql(f"DROP TABLE IF EXISTS {quoted('midair', str(name))}") for (name,) in rows))


def all_forgotten(session: Session, open_steps: Iterable[OpenStep]) -> tuple[Sql, ...]:
    """What takes away all that is kept of the programs among these steps."""
    programs = {each.revision: each.id for each in open_steps if is_live_step(each.id)}
    return tuple(sql for revision, step in programs.items() for sql in forgotten(session, revision, step))


def in_full(session: Session, sql: Sql) -> str:
    """What we wrote with its values in place: for the program's own connection, which sends it for us."""
    if not sql.parameters:
        return sql.text
    # The server writes the literals; without a type they become whatever stands beside them.
    marks = ", ".join(["pg_catalog.quote_nullable(%s::text)"] * len(sql.parameters))
    (literals,) = session.query(f"SELECT {marks}", sql.parameters)
    pieces = sql.text.split("%s")
    return "".join(piece + literal for piece, literal in zip(pieces, (*literals, ""), strict=True))

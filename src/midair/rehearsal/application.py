"""Statements of the running application, prepared and run: which of them the schema no longer serves."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from midair.database.session import Session
from midair.errors import StatementFailed
from midair.model.statement import Span, Sql, Statement


def failing(session: Session, statements: Sequence[Statement]) -> Mapping[Span, str]:
    """What the server says about each statement it refuses; nothing they do stays."""
    found: dict[Span, str] = {}
    for each in statements:
        reason = _refusal(session, each)
        if reason is not None:
            found[each.span] = reason
    return found


def _refusal(session: Session, statement: Statement) -> str | None:
    """With parameters it is prepared only: the server checks its names and types then; else it is run."""
    prepared = Sql(f"PREPARE midair_query AS {statement.sql}")
    batch = [Sql("BEGIN"), prepared, *([] if "$1" in statement.sql else [Sql("EXECUTE midair_query")])]
    try:
        session.run(batch, atomic=False)
    except StatementFailed as error:
        return error.message
    finally:
        session.abandon()
        with suppress(StatementFailed):  # it was never prepared, or went with the transaction
            session.run([Sql("DEALLOCATE midair_query")], atomic=False)
    return None

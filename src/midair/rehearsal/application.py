"""Statements of the running application, prepared and run: which of them the schema no longer serves."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from midair.database.session import Session
from midair.errors import StatementFailed
from midair.model.statement import Span, Sql, Statement

_UNTYPED = frozenset(("42P18", "42P08", "42P02", "42725", "42601"))
"""Indeterminate or ambiguous parameter, ambiguous operator, a parameter where the grammar has none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement the server refuses. `untyped`: for want of its parameters' types, which says nothing of the schema."""

    statement: Statement
    reason: str
    sqlstate: str | None

    @property
    def untyped(self) -> bool:
        return self.sqlstate in _UNTYPED and "$1" in self.statement.sql

    @property
    def what(self) -> str:
        """The statement's place and its beginning, on one line."""
        text = " ".join(self.statement.sql.split())
        return f"{self.statement.span} {text[:80]}{'…' if len(text) > 80 else ''}"


def failing(session: Session, statements: Sequence[Statement]) -> Mapping[Span, Refusal]:
    """Each statement that the server refuses; nothing they do stays."""
    found = (_refusal(session, each) for each in statements)
    return {each.statement.span: each for each in found if each is not None}


def _refusal(session: Session, statement: Statement) -> Refusal | None:
    """With parameters it is prepared only: the server checks its names and types then; else it is run."""
    prepared = Sql(f"PREPARE midair_query AS {statement.sql}")
    batch = [Sql("BEGIN"), prepared, *([] if "$1" in statement.sql else [Sql("EXECUTE midair_query")])]
    try:
        session.run(batch, atomic=False)
    except StatementFailed as error:
        return Refusal(statement, error.message, error.sqlstate)
    finally:
        session.abandon()
        with suppress(StatementFailed):  # it was never prepared, or went with the transaction
            session.run([Sql("DEALLOCATE midair_query")], atomic=False)
    return None

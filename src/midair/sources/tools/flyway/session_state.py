"""What a migration must not leave to the next: role and search path (flyway.md §4.3)."""

from collections.abc import Sequence

from midair.dialects.postgresql.parse import statement_of
from midair.model.address import Product
from midair.model.statement import Span, Statement

_ROLES = {"role", "session_authorization"}


def restored(statements: Sequence[Statement], product: Product) -> tuple[Statement, ...]:
    """Statements that put back what the migration set for the whole session; the history row is written after them."""
    if product is not Product.POSTGRESQL or not statements:
        return ()
    span = Span(statements[-1].span.path, statements[-1].span.end_line or statements[-1].span.line)
    resets: list[str] = []
    if any(_sets_role(statement) for statement in statements):
        resets += ["RESET SESSION AUTHORIZATION", "RESET ROLE"]
    # pg_dump empties it through set_config(), so the word is looked for, not one way of setting it
    if any("search_path" in statement.sql.lower() for statement in statements):
        resets.append("RESET search_path")
    return tuple(Statement(sql, span) for sql in resets)


def _sets_role(statement: Statement) -> bool:
    text = statement.sql.lower()
    if "role" not in text and "authorization" not in text:
        return False
    kind, tree = statement_of(statement.sql)
    return kind == "variable_set_stmt" and tree.name in _ROLES

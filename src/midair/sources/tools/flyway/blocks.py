"""Statements cut into transactions: the file's own BEGIN and COMMIT are the borders, as the server would have them."""

from collections.abc import Iterator, Sequence

from midair.dialects.dialect import Dialect
from midair.errors import BadMigration
from midair.model.address import Product
from midair.model.migration import Block
from midair.model.statement import Statement

_BEGINS = {"BEGIN", "START"}
_ENDS = {"COMMIT", "END"}


def in_blocks(statements: Sequence[Statement], dialect: Dialect, *, atomic: bool) -> Iterator[Block]:
    """The blocks of a migration. `atomic`: Flyway opens a transaction around what the file does not.

    A BEGIN within Flyway's transaction does nothing, a COMMIT ends it: what follows is the next one.

    Raises:
        BadMigration: a ROLLBACK or PREPARE TRANSACTION, or BEGIN on SQLite, where Flyway fails too.
    """
    held: list[Statement] = []
    inside = False
    for statement in statements:
        word = _control(statement, dialect)
        if word in _BEGINS:
            if not atomic:
                yield from _block(held, atomic=inside)
                held = []
            inside = True
        elif word in _ENDS:
            yield from _block(held, atomic=atomic or inside)
            held, inside = [], False
        else:
            held.append(statement)
    if inside and not atomic:
        raise BadMigration(
            f"{statements[-1].span.path} begins a transaction and never commits it", hint="end it with COMMIT"
        )
    yield from _block(held, atomic=atomic)


def _block(held: Sequence[Statement], *, atomic: bool) -> Iterator[Block]:
    if held:
        yield Block(tuple(held), atomic)


def _control(statement: Statement, dialect: Dialect) -> str | None:
    """BEGIN, COMMIT or kin by their first word; savepoints are ordinary statements inside a transaction."""
    if not dialect.controls_transaction(statement):
        return None
    words = statement.sql.upper().split()
    if words[0] in ("SAVEPOINT", "RELEASE") or (words[0] == "ROLLBACK" and "TO" in words):
        return None
    if dialect.product is Product.SQLITE and words[0] in _BEGINS:
        return words[0].rstrip(";")
    if words[0].rstrip(";") not in _BEGINS | _ENDS:
        raise BadMigration(
            f"{statement.span} {words[0]} would take back or hand away the transaction the migration runs in",
            hint="leave it out",
        )
    return words[0].rstrip(";")

"""The author's own transactions: which statements share one, and why one may have to stay whole."""

from collections.abc import Iterator, Sequence

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import Change, CreateTable, LockTables, SetSetting, Transaction
from midair.model.frozen import frozen
from midair.model.migration import Block
from midair.model.statement import Statement

_HARMLESS_SETTINGS = frozenset(
    [
        "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "work_mem",
        "maintenance_work_mem", "client_min_messages", "application_name", "check_function_bodies", "xmloption",
        "standard_conforming_strings", "client_encoding", "row_security", "escape_string_warning",
    ]
)  # fmt: skip
"""Settings that change no statement's meaning: a transaction may end between them and what follows."""


@frozen
class Region:
    """Statements that the author put into one transaction, or one statement outside any."""

    statements: tuple[Statement, ...]
    atomic: bool
    framed: bool = False
    """The author's own BEGIN and COMMIT are its first and last statement."""


def regions_of(blocks: Sequence[Block], dialect: Dialect) -> Iterator[Region]:
    for block in blocks or (Block(()),):
        if block.atomic:
            yield Region(block.statements, atomic=True)
            continue
        held: list[Statement] = []
        for statement in block.statements:
            if held or dialect.controls_transaction(statement):
                held.append(statement)
                verbs = [_verb(each) for each in held]
                if verbs[-1] in ("commit", "rollback"):
                    plain = verbs[0] == "begin" and verbs[-1] == "commit" and not any(verbs[1:-1])
                    yield Region(tuple(held), atomic=False, framed=plain)
                    held = []
            else:
                yield Region((statement,), atomic=False)
        if held:
            yield Region(tuple(held), atomic=False)


def _verb(statement: Statement) -> str | None:
    change = changes_of(statement.sql)[0]
    return change.verb if isinstance(change, Transaction) else None


def settled(statements: Sequence[Statement], dialect: Dialect) -> str | None:
    """Why a migration's transaction must stay whole: something in it lasts only as long as that."""
    for statement in statements:
        for change in changes_of(statement.sql):
            reason = _holds_together(change)
            if reason is not None:
                return f"line {statement.span.line} {reason}"
        if dialect.sets_session(statement) and not _is_harmless(changes_of(statement.sql)):
            return f"line {statement.span.line} changes what later statements mean"
    return None


def _holds_together(change: Change) -> str | None:
    match change:
        case CreateTable(persistence="temporary"):
            return "makes a temporary table"
        case SetSetting(name=name) if name not in _HARMLESS_SETTINGS:
            return f"sets {name}"
        case LockTables():
            return "locks tables for what follows"
        case Transaction(verb="savepoint" | "rollback to" | "prepare"):
            return "uses savepoints"
        case _:
            return None


def _is_harmless(changes: Sequence[Change]) -> bool:
    return all(isinstance(each, SetSetting) and each.name in _HARMLESS_SETTINGS for each in changes)

"""A remedy in the words of the project's tool: Alembic's `op`, and how each tool runs outside a transaction."""

from dataclasses import replace
from pathlib import PurePath

from midair.analysis.op_calls import for_alembic, without_alembic
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.finding import Remedy
from midair.model.statement import Span, Statement


def in_words_of(tool: str, remedy: Remedy, path: str) -> Remedy:
    """The remedy for a project of this tool (empty: unknown), about a file at `path`."""
    if tool == "alembic":
        return for_alembic(remedy)
    remedy = without_alembic(remedy)
    if not any(stands_alone(Statement(each, Span("", 1))) for each in remedy.sql):
        return remedy
    return replace(remedy, write=(*remedy.write, *_outside_a_transaction(tool, path)))


def _outside_a_transaction(tool: str, path: str) -> tuple[str, ...]:
    """What the file of a migration says so that its tool opens no transaction for it.

    golang-migrate opens none for a file of one statement, and has no word for it.
    """
    match tool, PurePath(path).suffix:
        case "flyway", _:
            return (f"executeInTransaction=false    (in {PurePath(path).name}.conf)",)
        case "liquibase", ".xml":
            return ('runInTransaction="false"',)
        case "liquibase", ".yaml" | ".yml" | ".json":
            return ("runInTransaction: false",)
        case "liquibase", _:
            return ("runInTransaction:false",)
        case "goose", _:
            return ("-- +goose NO TRANSACTION",)
        case "dbmate", _:
            return ("-- migrate:up transaction:false",)
        case _:
            return ()

"""The target's planner statistics in the copy: what a plan or an estimate reads there is of the real size."""

from pathlib import Path

from midair.database.dump import dump
from midair.database.session import Session
from midair.dialects.dialect import dialect_of
from midair.errors import StatementFailed
from midair.model.address import Address
from midair.model.statement import Statement

_VALUES = "pg_restore_attribute_stats"


def statistics(program: Path, target: Address, *, whole: bool) -> tuple[Statement, ...]:
    """The calls that restore them; `program` is pg_dump of 18 or later.

    They hold common values of columns: only `whole` brings those along, else just how large each relation is.
    """
    arguments = ("--statistics-only", "--exclude-schema=midair", "--lock-wait-timeout=5s")
    calls = dialect_of(target.product).split(dump(program, target, arguments), "statistics", 1)
    return tuple(
        each
        for each in calls
        if "pg_catalog.pg_restore_" in each.sql and (whole or f"pg_catalog.{_VALUES}(" not in each.sql)
    )


def restore(copy: Session, calls: tuple[Statement, ...]) -> None:
    """Runs them; what the copy cannot take is left out, for an estimate is no proof."""
    for each in calls:
        try:
            copy.run([each], atomic=False)
        except StatementFailed:
            continue  # of an object that an extension made, or made otherwise in another version

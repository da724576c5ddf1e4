"""Sessions of programs whose midair is gone: what they hold is let go before the next run begins."""

from midair.database.session import Session
from midair.errors import StatementFailed
from midair.execution.services import Clock, Reporter
from midair.model.address import Product
from midair.model.event import Noticed

_NAME = "midair program "
_END = """
SELECT pid, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %s)
"""
_LEFT = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND starts_with(application_name, %s)"
_PATIENCE_S = 10.0
"""A session that was told to end does so at its next look, and rolls back what it had open."""


def program_name(run_id: str) -> str:
    """The `application_name` of a live program's sessions."""
    return f"{_NAME}{run_id}"


def end_orphans(session: Session, clock: Clock, reporter: Reporter) -> None:
    """Ends the sessions of programs that an earlier run started: one that was stopped, or whose machine is gone, would
    keep its transaction's locks, and one that goes on by itself would commit behind the next run's back.

    Only for who holds midair's lock on the database: no program but its own is anybody's then.
    """
    if session.product is not Product.POSTGRESQL:
        return
    try:
        ended = session.query(_END, (_NAME,))
    except StatementFailed as error:
        reporter.hear(
            Noticed(
                None, "WARNING", f"may not end the program that an earlier run left behind: {error.message}"
            )
        )
        return
    for pid, _ in ended:
        text = f"ended pid {pid}: the program of a run that is gone; what it had not committed is rolled back"
        reporter.hear(Noticed(None, "WARNING", text))
    began = clock.now()
    while ended and session.query(_LEFT, (_NAME,)) and clock.now() - began < _PATIENCE_S:
        clock.sleep(0.02)

"""How hard a run under way was asked to work, by a person at another terminal."""

from dataclasses import dataclass
from datetime import datetime

from midair.database.session import Session
from midair.model.statement import Sql


@dataclass(frozen=True, slots=True)
class Asked:
    """The largest part of the time that batches may fill: 0 rests. `actor` asked for it, `at` that moment."""

    duty: float
    actor: str
    at: datetime

    def __str__(self) -> str:
        what = "paused" if self.duty <= 0.0 else f"held to {self.duty:.0%} of the time"
        return f"{what} by {self.actor} since {self.at:%H:%M:%S}; midair resume lifts that"


def ask(run_id: str, duty: float, actor: str) -> Sql:
    """From the next batch on."""
    return Sql(
        "INSERT INTO midair.pace (run_id, duty, actor) VALUES (%s, %s, %s)"
        " ON CONFLICT (run_id) DO UPDATE SET duty = excluded.duty, actor = excluded.actor, at = clock_timestamp()",
        (run_id, duty, actor),
    )


def lift(run_id: str) -> Sql:
    """As it was begun."""
    return Sql("DELETE FROM midair.pace WHERE run_id = %s", (run_id,))


def asked(session: Session, run_id: str) -> Asked | None:
    """What this run was asked for; `None`: nothing."""
    rows = session.query("SELECT duty, actor, at FROM midair.pace WHERE run_id = %s", (run_id,))
    return Asked(*rows[0]) if rows else None


def at_work(session: Session) -> str | None:
    """The run whose session is there; `None`: nobody is at work."""
    rows = session.query(
        "SELECT r.id FROM midair.run r JOIN pg_stat_activity a ON a.pid = r.backend_pid AND a.datname = current_database()"
        # A role without pg_monitor is not told since when another's session is there.
        " WHERE r.state = 'running' AND coalesce(a.backend_start <= r.started_at, true) ORDER BY r.started_at DESC LIMIT 1"
    )
    return rows[0][0] if rows else None

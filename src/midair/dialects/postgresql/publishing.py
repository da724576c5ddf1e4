"""Publications that send more than the tables somebody named."""

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier


def everything_sent(session: Session) -> tuple[str, ...]:
    """The publications FOR ALL TABLES, which send tables that are made later, too; by name."""
    rows = session.query("SELECT pubname FROM pg_publication WHERE puballtables ORDER BY 1")
    return tuple(identifier(name) for (name,) in rows)

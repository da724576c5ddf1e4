"""Connections, sessions, timeouts: the only room that imports the driver.

Takes SQL, gives rows; the driver's errors come out as ours. May import: `model`, `errors`, the
driver. Must not know: everything above it.
"""

from midair.database.session import Guard, Session
from midair.model.address import Address, Product

__all__ = ["Guard", "Session", "open_session"]


def open_session(address: Address, guard: Guard, application_name: str) -> Session:
    """A session whose timeouts and name are set before anything else is sent.

    Raises:
        Unreachable: the server did not answer; trying again may help.
        LoginRefused: the server answered with no.
        Unsupported: the server is MySQL, where midair's statements were never tried.
    """
    if address.product is Product.POSTGRESQL:
        from midair.database.postgresql import PostgresqlSession

        return PostgresqlSession.open(address, guard, application_name)
    if address.product is Product.SQLITE:
        from midair.database.sqlite import SqliteSession

        return SqliteSession.open(address, guard)
    from midair.database.mariadb import MariadbSession

    return MariadbSession.open(address, guard, application_name)

"""PyMySQL's errors as midair's, told apart by the server's numbers and never by wording."""

import pymysql  # noqa: TID253 - only imported with a session
from pymysql.constants import CR, ER  # noqa: TID253

from midair.errors import LockTimeout, LoginRefused, MidairError, StatementFailed, Unreachable
from midair.model.address import Address

LOST = frozenset({CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 1927, 0})
"""Numbers of errors that mean a connection is gone: 1927 is one that was killed, 0 PyMySQL's own."""
_LOCKED = {ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK}
"""Nothing of the statement is left, and trying again may help. A deadlock has rolled the transaction back too."""
_REFUSED = {
    ER.DBACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR, ER.BAD_DB_ERROR, ER.HOST_NOT_PRIVILEGED,
    1698, 1862,  # one who may come by the socket only; one whose password is over
}  # fmt: skip


def translated(error: pymysql.MySQLError, index: int) -> StatementFailed:
    """What the server said about item number `index` of a batch."""
    number, message = _parts(error)
    kind = LockTimeout if number in _LOCKED else StatementFailed
    return kind(message, sqlstate=str(number) if number else None, index=index)


def translated_connect(error: pymysql.MySQLError, address: Address) -> MidairError:
    """A failed connection: refused for good, or worth another try."""
    number, message = _parts(error)
    where = f"{address.host or 'localhost'}:{address.port or 3306}"
    secret = address.password.reveal() if address.password else ""
    reason = message.replace(secret, "•••") if secret else message
    if number in _REFUSED:
        who = f"user {address.user}" if address.user else "the login"
        return LoginRefused(
            f"{where} refused {who} for database {address.database}: {reason} (error {number})"
        )
    return Unreachable(
        f"could not reach {where}: {reason}",
        hint="check host and port, and that the server is up; trying again may help",
        state="nothing was changed",
    )


def number_of(error: pymysql.MySQLError) -> int:
    """The server's or the driver's own number of an error."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _parts(error: pymysql.MySQLError) -> tuple[int, str]:
    message = str(error.args[-1]).strip() if error.args else ""
    return number_of(error), message or type(error).__name__

"""psycopg's errors as midair's, told apart by SQLSTATE and never by wording."""

import psycopg  # noqa: TID253 - only imported with a session

from midair.errors import LockTimeout, LoginRefused, MidairError, StatementFailed, Unreachable
from midair.model.address import Address

_LOCK_NOT_AVAILABLE = "55P03"
_REFUSED_CLASSES = ("28", "3D", "42")
"""SQLSTATE classes of a login the server answered with no: authorisation, unknown database, missing right."""
_TRY_AGAIN = {"57P03", "53300"}
"""Starting up or shutting down; too many connections."""


def translated(error: psycopg.Error, index: int) -> StatementFailed:
    """What the server said about statement number `index` of a message."""
    diagnostic = error.diag
    kind = LockTimeout if error.sqlstate == _LOCK_NOT_AVAILABLE else StatementFailed
    message = diagnostic.message_primary or str(error).strip() or type(error).__name__
    return kind(
        message,
        sqlstate=error.sqlstate,
        index=index,
        detail=diagnostic.message_detail,
        position=int(diagnostic.statement_position) if diagnostic.statement_position else None,
        hint=diagnostic.message_hint,
    )


def translated_connect(error: psycopg.Error, address: Address) -> MidairError:
    """A failed connection: refused for good, or worth another try."""
    where = f"{address.host or 'the local socket'}{f':{address.port}' if address.port else ''}"
    state = error.sqlstate or _sqlstate_in(str(error))
    reason = _first_line(str(error), address)
    if state and state not in _TRY_AGAIN and state.startswith(_REFUSED_CLASSES):
        who = f"user {address.user}" if address.user else "the login"
        return LoginRefused(
            f"{where} refused {who} for database {address.database}: {reason} (SQLSTATE {state})"
        )
    return Unreachable(
        f"could not reach {where}: {reason}",
        hint="check host and port, and that the server is up; trying again may help",
        state="nothing was changed",
    )


_REFUSALS = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("pg_hba.conf", "28000"),
    ("is not permitted to log in", "28000"),
    ('role "', "28000"),
    ('database "', "3D000"),
    ("permission denied for database", "42501"),
)
"""libpq drops the SQLSTATE of a failed login; its wording is all that is left. What is not listed may pass: try again."""


def _sqlstate_in(text: str) -> str | None:
    return next((state for words, state in _REFUSALS if words in text), None)


def _first_line(text: str, address: Address) -> str:
    fatal = text.partition("FATAL:")[2].strip()
    line = (fatal or text.strip() or "no answer").splitlines()[0].strip()
    secret = address.password.reveal() if address.password else ""
    return line.replace(secret, "•••") if secret else line

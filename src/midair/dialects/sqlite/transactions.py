"""Which statements SQLite refuses or ignores inside a transaction, and which control one.

Source: sqlite.org, "VACUUM", "ATTACH", "PRAGMA foreign_keys" (a no-op inside a transaction).
"""

from midair.dialects.sqlite.split import without_comments
from midair.model.plan import Repair
from midair.model.statement import Sql, Statement

_ALONE = {"VACUUM", "ATTACH", "DETACH"}
_CONTROL = {"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"}


def _words(statement: Statement) -> list[str]:
    return without_comments(statement.sql)[:200].upper().replace("=", " ").replace("(", " ").split()


def stands_alone(statement: Statement) -> bool:
    """SQLite refuses it in a transaction, or does nothing there (`PRAGMA foreign_keys`)."""
    words = _words(statement)
    return bool(words) and (words[0] in _ALONE or words[:2] == ["PRAGMA", "FOREIGN_KEYS"])


def controls_transaction(statement: Statement) -> bool:
    """BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE."""
    return _words(statement)[:1] != [] and _words(statement)[0] in _CONTROL


def repeatable(statement: Statement) -> bool:
    """Running it twice leaves what running it once leaves."""
    return _words(statement)[:1] in (["VACUUM"], ["PRAGMA"], ["ANALYZE"], ["REINDEX"])


def sets_session(statement: Statement) -> bool:
    """A PRAGMA, which lives as long as the connection; ATTACH too."""
    return _words(statement)[:1] in (["PRAGMA"], ["ATTACH"])


def probe(_: Statement) -> Sql | None:
    """Nothing to ask: everything that changes data or schema is in a transaction."""
    return None


def repair(_: Statement) -> Repair | None:
    """Nothing to clear: a statement that was cut off left nothing."""
    return None


def locked(_: Statement) -> tuple[str, ...]:
    """The database file as a whole."""
    return ("the database file",)

"""Which statements of MariaDB share a transaction, and which commit whatever is open before them.

Source: MariaDB manual, "SQL statements that cause an implicit commit". The list there grows with the server, so
what is not known to be of rows alone counts as committing.
"""

from midair.dialects.mariadb.probes import restates
from midair.model.statement import Statement

_ROWS = {"INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "DO", "SET", "USE"}
_CONTROL = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}
_NAMES = 3
"""How many words after `SET` may say that it is no plain variable."""


def words_of(statement: Statement) -> tuple[str, ...]:
    """The first words in capitals, comments before them left out; `/*! … */` is code and is kept."""
    rest = statement.sql.lstrip()
    while rest.startswith(("--", "#", "/*")) and not rest.startswith(("/*!", "/*M!")):
        _, _, rest = rest.partition("*/" if rest.startswith("/*") else "\n")
        rest = rest.lstrip()
    head = rest[:400].upper().replace("(", " ( ").replace("=", " = ")
    return tuple(head.rstrip("; \t\r\n").split()[:12])


def stands_alone(statement: Statement) -> bool:
    """It commits by itself, so that nothing can commit together with it."""
    words = words_of(statement)
    if not words or controls_transaction(statement):
        return False
    if words[0] == "SET":
        return bool({"PASSWORD", "ROLE", "AUTOCOMMIT", "STATEMENT"} & set(words[1:_NAMES]))
    return words[0] not in _ROWS


def controls_transaction(statement: Statement) -> bool:
    """BEGIN, START TRANSACTION, COMMIT, ROLLBACK, SAVEPOINT, RELEASE; `BEGIN NOT ATOMIC` is a block of statements."""
    words = words_of(statement)
    if words[:3] == ("BEGIN", "NOT", "ATOMIC"):
        return False
    return words[:1] != () and (words[0] in _CONTROL or words[:2] == ("START", "TRANSACTION"))


def repeatable(statement: Statement) -> bool:
    """Running it twice leaves what running it once leaves."""
    words = words_of(statement)
    if words[:1] in (("SET",), ("USE",), ("SELECT",), ("ANALYZE",), ("OPTIMIZE",), ("FLUSH",), ("GRANT",)):
        return True
    if words[:1] in (("CREATE",), ("DROP",)):
        said = " ".join(words)
        return " OR REPLACE " in said or " IF NOT EXISTS" in said or " IF EXISTS" in said
    return words[:2] == ("ALTER", "TABLE") and restates(statement)


def sets_session(statement: Statement) -> bool:
    """SET and USE live as long as the connection."""
    return words_of(statement)[:1] in (("SET",), ("USE",))

"""Where a database is: a value that can be shown to anyone, because its password is another value."""

from dataclasses import field
from enum import StrEnum

from midair.model.frozen import frozen


class Product(StrEnum):
    """A database product midair has a dialect for, or knows by name."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"
    MARIADB = "mariadb"
    MYSQL = "mysql"


class Secret:
    """A text that never shows itself: not in `str`, `repr`, formats, pickles or tracebacks' locals."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; only `database` and the environment of a child process call this."""
        return self._text

    def __repr__(self) -> str:
        return "•••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


@frozen
class Address:
    """One database. `options` are libpq keywords other than host, port, user and database; for MariaDB, what the
    URL's query says.

    SQLite: `database` is the file's path, everything else is empty.
    """

    product: Product
    database: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    options: tuple[tuple[str, str], ...] = field(default=())

    def __str__(self) -> str:
        if self.product is Product.SQLITE:
            return f"sqlite:{self.database}"
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.product}://{user}{self.host or ''}{port}/{self.database}"

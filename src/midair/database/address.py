"""A URL in any of the forms the tools use, as an `Address`."""

from urllib.parse import parse_qsl, unquote, urlsplit

from midair.errors import BadAddress
from midair.model.address import Address, Product, Secret

_SCHEMES = {
    "postgres": Product.POSTGRESQL,
    "postgresql": Product.POSTGRESQL,
    "pgx": Product.POSTGRESQL,
    "pgx4": Product.POSTGRESQL,
    "pgx5": Product.POSTGRESQL,
    "cockroachdb": None,
    "sqlite": Product.SQLITE,
    "sqlite3": Product.SQLITE,
    "mysql": Product.MYSQL,
    "mariadb": Product.MARIADB,
}


def parse(url: Secret) -> Address:
    """The database a URL names: `postgresql://…`, `postgresql+driver://…`, `sqlite:///path`, `sqlite:path`.

    libpq's own rules apply to what the URL leaves out (PGHOST, PGPASSFILE, services); options that
    belong to a tool (`x-…`) are left out.

    Raises:
        BadAddress: the text is no such URL, or names a product midair does not know.
    """
    text = url.reveal().strip()
    scheme = text.partition(":")[0].partition("+")[0].lower()
    product = _SCHEMES.get(scheme)
    if ":" not in text or product is None:
        known = "postgresql://user@host/database, sqlite:///path/file.db or mariadb://user@host/database"
        raise BadAddress(
            f"the database URL begins with {scheme!r}, which midair does not know",
            hint=f"write it as {known}",
        )
    if product is Product.SQLITE:
        return Address(product, _sqlite_path(text))
    if product is Product.POSTGRESQL:
        return _postgresql(text)
    return _generic(product, text)


def words_for_tool(url: Secret) -> dict[str, str]:
    """What a URL says to the migration tool and not to the database: its `x-…` words, without the `x-`."""
    query = url.reveal().strip().partition("?")[2].partition("#")[0]
    return {name[2:]: value for name, value in parse_qsl(query) if name.startswith("x-")}


def _sqlite_path(text: str) -> str:
    """`sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:file.db`, `sqlite://file.db` (golang-migrate)."""
    rest = text.partition(":")[2].partition("?")[0]
    if rest.startswith("///"):
        return unquote(rest[3:]) or ":memory:"
    return unquote(rest.removeprefix("//")) or ":memory:"


def _postgresql(text: str) -> Address:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    _, _, rest = text.partition("://")
    base, mark, query = rest.partition("?")
    kept = "&".join(pair for pair in query.split("&") if pair and not pair.startswith("x-"))
    try:
        words = {
            name: str(value)
            for name, value in conninfo_to_dict(f"postgresql://{base}{mark if kept else ''}{kept}").items()
        }
    except ProgrammingError as error:
        # libpq quotes the URL in some of its messages; the part before the quote says what is wrong.
        reason = str(error).partition('"')[0].strip().rstrip(":")
        raise BadAddress(
            f"the database URL cannot be understood: {reason}", hint="percent-encode special characters in it"
        ) from None
    return _from_words(words)


def parse_keywords(text: Secret) -> Address:
    """libpq's other form, `host=… dbname=…`, as goose's connection strings are written.

    Raises:
        BadAddress: it is no such list.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return _from_words({name: str(value) for name, value in conninfo_to_dict(text.reveal()).items()})
    except ProgrammingError:  # libpq's message may quote the password
        raise BadAddress(
            "the connection string cannot be understood", hint="write it as host=… dbname=… user=…"
        ) from None


def _from_words(words: dict[str, str]) -> Address:
    password = words.pop("password", None)
    port = words.get("port")
    if port and not port.replace(",", "").isdecimal():
        raise BadAddress(
            "the database URL's port is not a number", hint="percent-encode : / @ ? in user and password"
        )
    if port and port.isdecimal():
        words.pop("port")
    return Address(
        Product.POSTGRESQL,
        database=words.pop("dbname", ""),
        host=words.pop("host", None),
        port=int(port) if port and port.isdecimal() else None,
        user=words.pop("user", None),
        password=Secret(password) if password is not None else None,
        options=tuple(sorted(words.items())),
    )


def _generic(product: Product, text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress("the database URL cannot be understood: bad host or port") from None
    return Address(
        product,
        database=unquote(parts.path.lstrip("/")),
        host=parts.hostname,
        port=port,
        user=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
        options=tuple(parse_qsl(parts.query)),
    )

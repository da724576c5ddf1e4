"""A JDBC or plain URL from Liquibase's settings as midair's address (liquibase.md §7.2)."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from midair.database.address import parse
from midair.errors import BadAddress
from midair.model.address import Address, Product, Secret

_DRIVER_ONLY = {
    "user",
    "password",
    "currentSchema",
    "ssl",
    "ApplicationName",
    "applicationName",
    "stringtype",
}


def address_of(url: str, user: str | None, password: str | None, origin: str, root: Path) -> Address | None:
    """The database, or `None` for an offline one; its schema is in `schema_of`.

    Raises:
        BadAddress: midair cannot connect to it; the message never shows the URL's parameters.
    """
    plain = url.strip().removeprefix("jdbc:")
    scheme, _, rest = plain.partition(":")
    if scheme == "offline":
        return None
    if scheme == "sqlite":
        path = rest.partition("?")[0]
        return Address(Product.SQLITE, path if path == ":memory:" else str(root / path))
    if scheme in ("mysql", "mariadb"):
        if not rest.startswith("//"):
            raise BadAddress(
                f"{origin}: midair does not know the form {scheme}:{rest.partition(':')[0]}:",
                hint="name one host",
            )
        return _mariadb(plain, user, password)
    if scheme != "postgresql":
        raise BadAddress(
            f"{origin}: midair cannot connect to {scheme or 'this'} databases",
            hint="give --url, or use jdbc:postgresql:, jdbc:mariadb:, jdbc:sqlite:",
        )
    head, _, query = plain.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    kept = urlencode([(name, value) for name, value in pairs if name not in _DRIVER_ONLY])
    address = parse(Secret(f"{head}?{kept}" if kept else head))
    return _with_login(address, user or given.get("user"), password or given.get("password"))


def schema_of(url: str) -> str | None:
    """The `currentSchema` of a PostgreSQL URL, its first name."""
    found = dict(parse_qsl(url.partition("?")[2])).get("currentSchema", "")
    return found.split(",")[0] or None


def _mariadb(plain: str, user: str | None, password: str | None) -> Address:
    address = parse(Secret(plain))
    given = dict(address.options)
    kept = tuple(pair for pair in address.options if pair[0] not in ("user", "password"))
    return _with_login(
        replace(address, options=kept), user or given.get("user"), password or given.get("password")
    )


def _with_login(address: Address, user: str | None, password: str | None) -> Address:
    return replace(
        address, user=user or address.user, password=Secret(password) if password else address.password
    )

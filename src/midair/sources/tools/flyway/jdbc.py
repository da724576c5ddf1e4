"""A JDBC URL as midair's address (flyway.md §6.4)."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from midair.errors import BadAddress
from midair.model.address import Address, Product, Secret

_WRAPPERS = re.compile(r"^jdbc:(p6spy|aws-wrapper|log4jdbc|otel|google):")
_SAME = {
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "options",
    "gssEncMode",
    "channelBinding",
    "service",
}
_RENAMED = {
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "loginTimeout": "connect_timeout",
    "gssEncMode": "gssencmode",
    "channelBinding": "channel_binding",
}
_SERVERS = {
    "primary": "read-write", "master": "read-write", "secondary": "read-only", "slave": "read-only",
    "preferSecondary": "prefer-standby", "preferSlave": "prefer-standby", "preferPrimary": "any", "any": "any",
}  # fmt: skip


def address_of(url: str, user: str, password: Secret, origin: str) -> Address:
    """The database a JDBC URL names; user and password given beside the URL win over those inside it.

    Raises:
        BadAddress: it is no JDBC URL midair can follow; the message never shows the URL's parameters.
    """
    if url.startswith("jdbc-secretsmanager:"):
        raise BadAddress(
            f"{origin}: the URL takes user and password from AWS Secrets Manager, which midair does not ask",
            hint="give midair the address itself: --url, or url in midair.toml",
        )
    if url.startswith("jdbc:tc:"):
        raise BadAddress(
            f"{origin}: jdbc:tc: is a throw-away database of Testcontainers",
            hint="give midair a database that stays",
        )
    plain = _WRAPPERS.sub("jdbc:", url)
    scheme, _, rest = plain.removeprefix("jdbc:").partition(":")
    match scheme:
        case "postgresql":
            return _postgresql(rest, user, password, origin)
        case "sqlite":
            return Address(Product.SQLITE, rest.partition("?")[0] or ":memory:")
        case "mysql" | "mariadb":
            return _mysql(rest, user, password)
        case _:
            # Anything else may be a secret in the wrong place: only a plain word is shown.
            named = f" of a jdbc:{scheme}: URL" if plain.startswith("jdbc:") and scheme.isalnum() else ""
            raise BadAddress(
                f"{origin}: midair has no dialect for the database{named}",
                hint="a URL begins with jdbc:postgresql: or jdbc:sqlite: for what midair can run on",
            )


def _postgresql(rest: str, user: str, password: Secret, origin: str) -> Address:
    body, _, query = rest.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    hosts, _, database = (
        body.removeprefix("//").partition("/") if body.startswith("//") else ("", "", body.lstrip("/"))
    )
    names, ports = _hosts(hosts, origin)
    login = user or given.get("user", "")
    secret = password if password.reveal() else Secret(given.get("password", ""))
    return Address(
        Product.POSTGRESQL,
        unquote(database) or login,
        ",".join(names),
        ports[0] if len(set(ports)) == 1 else None,
        login or None,
        secret if secret.reveal() else None,
        (*(() if len(set(ports)) == 1 else (("port", ",".join(map(str, ports))),)), *_options(given)),
    )


def _hosts(hosts: str, origin: str) -> tuple[list[str], list[int]]:
    names: list[str] = []
    ports: list[int] = []
    for entry in hosts.split(","):
        found = re.fullmatch(r"(\[[^\]]+\]|[^:]*)(?::(\d+))?", entry.strip())
        if found is None:
            raise BadAddress(f"{origin}: {entry.strip()!r} is not host:port")
        names.append(found.group(1).strip("[]") or "localhost")
        ports.append(int(found.group(2) or 5432))
    return names, ports


def _options(given: dict[str, str]) -> Iterator[tuple[str, str]]:
    options = [given["options"]] if given.get("options") else []
    if given.get("currentSchema"):
        options.append(f"-c search_path={given['currentSchema'].replace(' ', '')}")
    if options:
        yield "options", " ".join(options)
    if given.get("ssl", "").lower() in ("true", "") and "ssl" in given and "sslmode" not in given:
        yield "sslmode", "verify-full"
    if "tcpKeepAlive" in given:
        yield "keepalives", "1" if given["tcpKeepAlive"] == "true" else "0"
    if given.get("targetServerType") in _SERVERS:
        yield "target_session_attrs", _SERVERS[given["targetServerType"]]
    for key, value in given.items():
        if key != "options" and (key in _SAME or key in _RENAMED):
            yield _RENAMED.get(key, key), value


def _mysql(rest: str, user: str, password: Secret) -> Address:
    body, _, query = rest.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    host, _, database = body.removeprefix("//").partition("/")
    name, _, port = host.partition(":")
    secret = password if password.reveal() else Secret(given.get("password", ""))
    login = user or given.get("user")
    return Address(
        Product.MYSQL,
        unquote(database),
        name or "localhost",
        int(port) if port.isdigit() else 3306,
        login or None,
        secret if secret.reveal() else None,
    )

"""A MariaDB address as what PyMySQL connects with."""

from typing import Any

from midair.errors import BadAddress
from midair.model.address import Address

_CONNECT_TIMEOUT_S = 10
_SOCKET = {"socket", "unix_socket", "unixsocket", "localsocket"}
_FILES = {
    "ssl_ca": "ca", "sslca": "ca", "serversslcert": "ca",
    "ssl_cert": "cert", "sslcert": "cert", "ssl_key": "key", "sslkey": "key",
}  # fmt: skip
_MODES = {"sslmode", "ssl_mode", "usessl", "requiressl", "ssl"}
_NO, _IF_OFFERED, _ENCRYPTED, _SIGNED, _NAMED = range(5)
"""How much is asked of TLS: none, where the server has it, always, with a certificate we trust, in the host's name."""
_WORDS = {
    "disable": _NO, "disabled": _NO, "false": _NO, "preferred": _IF_OFFERED, "trust": _ENCRYPTED, "require": _ENCRYPTED,
    "required": _ENCRYPTED, "verify_ca": _SIGNED, "true": _NAMED, "verify_identity": _NAMED, "verify_full": _NAMED,
}  # fmt: skip
"""What the drivers call it. `true` is the JDBC driver's, which then trusts nobody without a certificate."""


def keywords_of(address: Address) -> dict[str, Any]:
    """What PyMySQL is called with: where, who, over TLS or not; the URL's other options are a driver's own.

    Raises:
        BadAddress: the URL asks for a kind of TLS that midair does not know.
    """
    keywords: dict[str, Any] = {
        "host": address.host,
        "port": address.port or 3306,
        "user": address.user,
        # PyMySQL itself takes text as Latin-1
        "password": address.password.reveal().encode() if address.password else b"",
        "database": address.database or None,
        "charset": "utf8mb4",
        "connect_timeout": _CONNECT_TIMEOUT_S,
    }
    files: dict[str, str] = {}
    wanted = _IF_OFFERED
    for name, value in address.options:
        word = name.lower().replace("-", "_")
        if word in _SOCKET:
            keywords["unix_socket"] = value
        elif word in _FILES:
            files[_FILES[word]] = value
        elif word in _MODES:
            wanted = _asked(name, value)
        elif "ssl" in word or "tls" in word:
            raise BadAddress(
                f"midair does not know the database URL's option {name}",
                hint="it takes sslmode, ssl_ca, ssl_cert and ssl_key",
            )
    return keywords | _tls(wanted, files)


def _asked(name: str, value: str) -> int:
    asked = _WORDS.get(value.lower().replace("-", "_"))
    if asked is None:
        raise BadAddress(
            f"the database URL's {name} is {value!r}", hint=f"it is one of {', '.join(sorted(_WORDS))}"
        )
    return asked


def _tls(wanted: int, files: dict[str, str]) -> dict[str, Any]:
    if wanted == _NO:
        return {"ssl_disabled": True}
    if wanted == _IF_OFFERED and not files:
        return {}  # PyMySQL takes TLS where the server offers it
    import ssl

    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        context.check_hostname = wanted == _NAMED
        if wanted < _SIGNED and "ca" not in files:
            context.verify_mode = ssl.CERT_NONE
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"))
    except OSError as error:  # ssl's own errors are of this kind too
        raise BadAddress(f"a certificate file of the database URL cannot be read: {error}") from error
    return {"ssl": context}

"""A MariaDB URL as what the driver is called with."""

import ssl
from pathlib import Path

import pytest

from midair.database.address import parse
from midair.database.mariadb import _refuse_others, _version
from midair.database.mariadb_address import keywords_of
from midair.errors import BadAddress, Unsupported
from midair.model.address import Product, Secret


def keywords(url: str) -> dict[str, object]:
    return keywords_of(parse(Secret(url)))


def test_a_url_says_who_and_where() -> None:
    address = parse(Secret("mariadb://shop:p%40ss@db.example:3307/my%20shop"))
    assert address.product is Product.MARIADB
    assert str(address) == "mariadb://shop@db.example:3307/my shop"
    found = keywords_of(address)
    assert (found["host"], found["port"], found["user"], found["database"]) == (
        "db.example",
        3307,
        "shop",
        "my shop",
    )
    assert found["password"] == b"p@ss"


def test_mysql_s_own_scheme_is_an_address_too_whose_server_tells_what_it_is() -> None:
    assert parse(Secret("mysql+pymysql://shop@db/shop")).product is Product.MYSQL


def test_a_socket_and_a_driver_s_other_words_are_taken() -> None:
    found = keywords("mariadb://shop@localhost/shop?localSocket=/run/m.sock&useUnicode=true")
    assert found["unix_socket"] == "/run/m.sock"
    assert "useUnicode" not in found


@pytest.mark.parametrize(
    ("option", "verified", "named"),
    [
        ("sslMode=trust", ssl.CERT_NONE, False),
        ("ssl-mode=REQUIRED", ssl.CERT_NONE, False),
        ("ssl_mode=VERIFY_CA", ssl.CERT_REQUIRED, False),
        ("sslmode=verify-full", ssl.CERT_REQUIRED, True),
        ("useSSL=true", ssl.CERT_REQUIRED, True),
    ],
)
def test_tls_is_asked_for_as_strictly_as_the_url_says(option: str, verified: int, named: bool) -> None:
    context = keywords(f"mariadb://shop@db/shop?{option}")["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (verified, named)


def test_tls_can_be_refused_and_is_taken_where_nothing_is_said() -> None:
    assert keywords("mariadb://shop@db/shop?sslmode=disable")["ssl_disabled"] is True
    assert not {"ssl", "ssl_disabled"} & keywords("mariadb://shop@db/shop").keys()


@pytest.mark.parametrize("option", ["sslmode=maybe", "enabledSslProtocolSuites=x", "ssl_ca=none.pem"])
def test_tls_that_midair_does_not_understand_is_never_left_out(option: str, tmp_path: Path) -> None:
    with pytest.raises(BadAddress):
        keywords(f"mariadb://shop@db/shop?{option.replace('none', str(tmp_path / 'none'))}")


@pytest.mark.parametrize(
    ("said", "why"), [("8.0.36", "MySQL 8.0.36"), ("5.5.5-10.5.22-MariaDB", "DDL can be cut off half-way")]
)
def test_servers_on_which_nothing_was_tried_are_refused(said: str, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        _refuse_others(said, parse(Secret("mysql://shop@db/shop")))


@pytest.mark.parametrize("said", ["5.5.5-10.6.1-MariaDB-log", "11.4.2-MariaDB"])
def test_servers_with_atomic_ddl_are_taken(said: str) -> None:
    _refuse_others(said, parse(Secret("mariadb://shop@db/shop")))
    assert _version(said) >= 100_600

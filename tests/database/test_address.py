"""URLs in the forms the tools use, and secrets that stay secret."""

import pickle

import pytest

from midair.database.address import parse
from midair.errors import BadAddress
from midair.model.address import Address, Product, Secret


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u@h:5433/d", Address(Product.POSTGRESQL, "d", "h", 5433, "u")),
        ("postgres://h/d", Address(Product.POSTGRESQL, "d", "h")),
        ("postgresql+psycopg2://u@h/d", Address(Product.POSTGRESQL, "d", "h", None, "u")),
        ("postgresql+asyncpg:///d?host=/run/pg", Address(Product.POSTGRESQL, "d", "/run/pg")),
        (
            "postgres://h/d?sslmode=require&x-multi-statement=true",
            Address(Product.POSTGRESQL, "d", "h", options=(("sslmode", "require"),)),
        ),
        ("sqlite:///a.db", Address(Product.SQLITE, "a.db")),
        ("sqlite:////var/a.db", Address(Product.SQLITE, "/var/a.db")),
        ("sqlite+aiosqlite:////var/a.db", Address(Product.SQLITE, "/var/a.db")),
        ("sqlite3://a.db?x-no-tx-wrap=true", Address(Product.SQLITE, "a.db")),
    ],
)
def test_a_url_becomes_an_address(url: str, expected: Address) -> None:
    assert parse(Secret(url)) == expected


def test_a_password_is_kept_apart() -> None:
    address = parse(Secret("postgresql://u:p%40ss@h/d"))
    assert address.password == Secret("p@ss")
    assert "p@ss" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    "url", ["", "mydb", "oracle://h/d", "postgresql://h:port/d", "postgresql://h/d?nonsense=1"]
)
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadAddress):
        parse(Secret(url))


def test_a_bad_url_does_not_show_its_password() -> None:
    with pytest.raises(BadAddress) as caught:
        parse(Secret("postgresql://u:hunter2@h:port/d"))
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{caught.value.__cause__}"


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret:>20} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)

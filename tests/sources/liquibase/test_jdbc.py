"""The URL in Liquibase's own settings as a database's address."""

from pathlib import Path

import pytest

from midair.errors import BadAddress
from midair.model.address import Address, Product, Secret
from midair.sources.tools.liquibase.jdbc import address_of


def address(url: str, user: str | None = None, password: str | None = None) -> Address | None:
    return address_of(url, user, password, "Liquibase's url", Path())


def test_mariadb_s_url_says_the_same_to_both() -> None:
    found = address("jdbc:mariadb://db.example:3307/shop?user=ann&password=x%26y&sslMode=verify-full")
    assert found == Address(
        Product.MARIADB, "shop", "db.example", 3307, "ann", Secret("x&y"), (("sslMode", "verify-full"),)
    )


def test_what_is_beside_the_url_wins_over_what_is_in_it() -> None:
    found = address("jdbc:mysql://db.example/shop?user=ann&password=x", "bob", "y")
    assert found == Address(Product.MYSQL, "shop", "db.example", None, "bob", Secret("y"))


@pytest.mark.parametrize(
    "url",
    ["jdbc:mariadb:loadbalance://a,b/shop?password=hunter2", "jdbc:mariadb://a:1,b:2/shop?password=hunter2"],
)
def test_several_hosts_are_refused_rather_than_guessed_at(url: str) -> None:
    with pytest.raises(BadAddress) as told:
        address(url)
    assert "hunter2" not in f"{told.value} {told.value.hint}"

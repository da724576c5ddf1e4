"""A refused statement is named by its own file and line, wherever in its migration it stands."""

from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.listening import Remembering

import midair
from midair.errors import MigrationFailed
from midair.model.address import Address, Product

THIRD = (
    "CREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\nALTER TABLE nobody ADD COLUMN x integer;\n"
)


@pytest.mark.parametrize("options", ["", " transaction:false"])
@pytest.mark.parametrize("product", [Product.POSTGRESQL, Product.SQLITE])
def test_the_line_is_that_of_the_refused_statement(
    tmp_path: Path, database: Address, sqlite_file: Address, product: Product, options: str
) -> None:
    folder = tmp_path / "db" / "migrations"
    folder.mkdir(parents=True)
    (folder / "1_a.sql").write_text(f"-- migrate:up{options}\n{THIRD}-- migrate:down\n")
    address = database if product is Product.POSTGRESQL else sqlite_file
    with pytest.raises(MigrationFailed, match=r"1_a\.sql:4 .*ALTER TABLE nobody"):
        midair.apply(midair.Request(tmp_path, url=url_of(address)), Remembering())


def test_the_line_is_right_inside_the_authors_own_transaction(tmp_path: Path, sqlite_file: Address) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_a.up.sql").write_text(f"PRAGMA foreign_keys=OFF;\nBEGIN;\n{THIRD}COMMIT;\n")
    request = midair.Request(
        tmp_path, url=url_of(sqlite_file), tool_options={"no_tx_wrap": "true"}, tool="golang_migrate"
    )
    with pytest.raises(MigrationFailed, match=r"1_a\.up\.sql:5 .*ALTER TABLE nobody"):
        midair.apply(request, Remembering())

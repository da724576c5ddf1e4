"""Changes that make a SQLite table anew: the schema Liquibase leaves, with nothing lost on the way."""

from pathlib import Path

import pytest

import midair
from midair.database import Guard, open_session
from midair.errors import BadMigration
from midair.model.address import Address, Secret
from tests.support.fly import fly
from tests.support.listening import Remembering

from .sqlite_changes import CHANGELOG, SCHEMA, laid_out_for_sqlite

OBJECTS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'midair_%'"
    " AND lower(name) NOT LIKE 'databasechangelog%' ORDER BY name"
)


def request(root: Path, address: Address) -> midair.Request:
    return midair.Request(root, url=Secret(f"sqlite:///{address.database}"), wait_s=20)


def outcome(address: Address) -> tuple[object, ...]:
    session = open_session(address, Guard(), "midair tests")
    try:
        return (
            [row[0] for row in session.query(OBJECTS)],
            session.query("SELECT id, name, age, p_id FROM t ORDER BY id"),
            session.query("SELECT id FROM p"),
            session.query("SELECT ID, EXECTYPE, MD5SUM FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED"),
        )
    finally:
        session.close()


def test_tables_are_made_anew_as_liquibase_makes_them(tmp_path: Path, sqlite_file: Address) -> None:
    root = laid_out_for_sqlite(tmp_path / "project")
    asked = request(root, sqlite_file)
    assert "INSERT INTO t (id, name, age) SELECT id, name, age FROM t_temporary" in repr(midair.plan(asked))
    midair.apply(asked, Remembering())
    schema, rows, parents, history = outcome(sqlite_file)
    assert schema == SCHEMA
    assert rows == [(1, "one", 1, None), (2, "two", None, None)]
    assert parents == [(41,)]
    assert [row[1] for row in history] == ["EXECUTED"] * 6


def test_a_killed_rebuild_ends_like_one_that_was_not(tmp_path: Path, sqlite_file: Address) -> None:
    root = laid_out_for_sqlite(tmp_path / "project")
    heard = Remembering()
    midair.apply(request(root, sqlite_file), heard)
    expected = outcome(sqlite_file)
    for event in range(len(heard.events)):
        address = Address(sqlite_file.product, str(tmp_path / f"{event}.db"))
        assert fly_to(root, address, event) == -9
        midair.apply(request(root, address), Remembering())
        assert outcome(address) == expected, event


def fly_to(root: Path, address: Address, event: int) -> int:
    return fly(root, address, dies_at=event).landed()[0]


def test_a_change_to_a_table_that_is_not_there_names_its_line(tmp_path: Path, sqlite_file: Address) -> None:
    root = laid_out_for_sqlite(tmp_path / "project")
    (root / "changelog.xml").write_text(
        CHANGELOG.replace('addDefaultValue tableName="t"', 'addDefaultValue tableName="u"')
    )
    with pytest.raises(BadMigration, match=r"changelog\.xml:21 addDefaultValue makes the table u anew"):
        midair.plan(request(root, sqlite_file))

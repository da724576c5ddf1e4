"""A downgrade written for the naive statements brings nothing back that was never gone, and overwrites nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import with_downgrade
from tests.support.listening import Remembering

import midair
from midair.errors import Irreversible
from midair.model.address import Address
from midair.model.statement import Sql

_PEOPLE = """
CREATE TABLE people (id int PRIMARY KEY, first text, last text, age int);
INSERT INTO people SELECT g, 'Mary Ann', 'l' || g, g FROM generate_series(1, 300) AS g;
CREATE TABLE audit (id int PRIMARY KEY, what text);
INSERT INTO audit VALUES (1, 'kept');
"""
_MERGE = """
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || ' ' || last;
ALTER TABLE people DROP COLUMN first, DROP COLUMN last;
"""
_MERGE_BACK = """
ALTER TABLE people ADD COLUMN first text, ADD COLUMN last text;
UPDATE people SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2);
ALTER TABLE people DROP COLUMN name;
"""
_INDEX = "CREATE INDEX people_age ON people (age);\n"
_ROWS = "SELECT id, first, last FROM people ORDER BY id"


def _columns(rig: Rig, address: Address) -> list[str]:
    with rig.session(address) as session:
        text = "SELECT attname FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1"
        return [name for (name,) in session.query(text)]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (_MERGE, _MERGE_BACK),
        (_MERGE, "SELECT 1;\n"),
        (_INDEX + _MERGE, _MERGE_BACK + "DROP INDEX people_age;\n"),
    ],
    ids=["nothing but recipes", "a downgrade that says nothing", "recipes beside a plain statement"],
)
def test_old_values_are_those_that_were_never_gone(
    rig: Rig, project: Callable[..., Path], up: str, down: str
) -> None:
    root = with_downgrade(project(up), down)
    with rig.database(_PEOPLE) as address, rig.session(address) as session:
        rows = session.query(_ROWS)
        midair.apply(request_for(root, address), Remembering())
        session.run(
            [Sql("INSERT INTO people (id, first, last) VALUES (900, 'Eva Maria', 'b c')")], atomic=False
        )
        midair.rollback(request_for(root, address), Remembering())
        assert session.query(_ROWS) == [*rows, (900, "Eva Maria", "b c")]
        assert _columns(rig, address) == ["age", "first", "id", "last"]
        assert session.query("SELECT to_regclass('people_age')::text") == [(None,)]
        assert midair.gates(request_for(root, address)) == ()


def test_a_table_that_only_waited_to_be_dropped_is_not_filled_again(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(
        project(_INDEX + "DROP TABLE audit;"),
        "CREATE TABLE audit (id int PRIMARY KEY, what text);\nINSERT INTO audit VALUES (1, 'seed');\nDROP INDEX people_age;\n",
    )
    with rig.database(_PEOPLE) as address, rig.session(address) as session:
        midair.apply(request_for(root, address), Remembering())
        midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT id, what FROM audit") == [(1, "kept")]


def test_once_a_part_is_contracted_the_downgrade_must_speak_of_the_rest(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project("DROP TABLE audit;\nALTER TABLE people DROP COLUMN age;")
    with rig.database(_PEOPLE) as address, rig.session(address) as session:
        midair.apply(request_for(root, address), Remembering())
        # As a contract leaves it that dies between its two transactions.
        session.run(
            [
                Sql("DROP TABLE audit"),
                Sql("UPDATE midair.contract SET state = 'contracted' WHERE id = '1:0'"),
            ],
            atomic=True,
        )
        with_downgrade(root, "SELECT 1;\n")
        with pytest.raises(Irreversible, match="no statement that undoes"):
            midair.rollback(request_for(root, address), Remembering())
        with_downgrade(
            root,
            "ALTER TABLE people ADD COLUMN age int;\nCREATE TABLE audit (id int PRIMARY KEY, what text);\n",
        )
        midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT count(age) FROM people") == [(300,)]
        assert session.query("SELECT count(*) FROM audit") == [(0,)]

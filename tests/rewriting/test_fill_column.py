"""A column that one UPDATE fills is filled for the old version too: the guides' migrations, taken as a whole."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import applied, ends_as_written, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair

_PEOPLE = """
CREATE TABLE people (id int PRIMARY KEY, first text NOT NULL, last text NOT NULL, age int);
INSERT INTO people SELECT g, 'f' || g, 'l' || g, g FROM generate_series(1, 300) AS g;
"""
_MERGE = """
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || ' ' || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
ALTER TABLE people DROP COLUMN first, DROP COLUMN last;
"""
_BY_HAND = """
ALTER TABLE people ADD COLUMN surname varchar(40);
UPDATE people SET surname = last WHERE surname IS NULL;
ALTER TABLE people ALTER COLUMN surname SET NOT NULL;
CREATE INDEX people_surname ON people (surname);
ALTER TABLE people DROP COLUMN last;
"""
_TWO = """
ALTER TABLE people ADD COLUMN half int, ADD COLUMN twice int;
UPDATE people SET half = age / 2, twice = age * 2 WHERE age IS NOT NULL;
"""
WHOLE = {"merged": _MERGE, "renamed by hand": _BY_HAND, "two at once": _TWO}


@pytest.mark.parametrize("name", WHOLE)
def test_after_contract_all_is_as_the_naive_migration_leaves_it(
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    assert "fill-column" in ends_as_written(rig, project(WHOLE[name]), _PEOPLE)


def test_before_contract_the_old_version_writes_rows_that_have_the_new_value(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with applied(rig, project(_MERGE), _PEOPLE) as (_, session):
        run_all(session, "INSERT INTO people (id, first, last) VALUES (901, 'a', 'b')")
        run_all(session, "UPDATE people SET last = 'z' WHERE id = 1")
        run_all(
            session,
            "INSERT INTO people (id, name) VALUES (902, 'new')",
            "UPDATE people SET name = 'own' WHERE id = 2",
        )
        run_all(session, "UPDATE people SET age = 1 WHERE id = 2")
        rows = session.query("SELECT id, name FROM people WHERE id IN (1, 2, 901, 902) ORDER BY id")
        assert rows == [(1, "f1 z"), (2, "own"), (901, "a b"), (902, "new")]


def test_a_rename_by_hand_goes_both_ways_until_contract(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_PEOPLE) as address, rig.session(address, "midair by hand") as session:
        before = dump(rig.server.bin, address)
        root = without_downgrade(
            project(_BY_HAND.replace("CREATE INDEX people_surname ON people (surname);", ""))
        )
        midair.apply(request_for(root, address), Remembering())
        run_all(session, "INSERT INTO people (id, first, last) VALUES (901, 'a', 'old')")
        run_all(session, "INSERT INTO people (id, first, surname) VALUES (902, 'a', 'new')")
        run_all(
            session,
            "UPDATE people SET last = 'old' WHERE id = 1",
            "UPDATE people SET surname = 'new' WHERE id = 2",
        )
        rows = session.query("SELECT id, last, surname FROM people WHERE id IN (1, 2, 901, 902) ORDER BY id")
        assert rows == [(1, "old", "old"), (2, "new", "new"), (901, "old", "old"), (902, "new", "new")]
        midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT id, last FROM people WHERE id > 900 ORDER BY id") == [
            (901, "old"),
            (902, "new"),
        ]
        run_all(
            session, "DELETE FROM people WHERE id > 900", "UPDATE people SET last = 'l' || id WHERE id < 3"
        )
        lines = [
            line for line in dump(rig.server.bin, address).splitlines() if "schema_migrations" not in line
        ]
        assert set(before.splitlines()) <= set(lines)


def test_an_update_that_reads_more_than_its_row_is_left_to_its_own_rewrite(
    rig: Rig, project: Callable[..., Path]
) -> None:
    sql = "ALTER TABLE people ADD COLUMN key uuid;\nUPDATE people SET key = gen_random_uuid();"
    with rig.database(_PEOPLE) as address:
        assert midair.plan(request_for(project(sql), address)).contracts == ()

"""Columns merged into one: SQL says how, the author says the way back, and both versions write until contract."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import applied, ends_as_written, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.errors import NotOnline
from midair.model.backfill import Backfill

GIVEN = """
CREATE TABLE people (id int PRIMARY KEY, first text NOT NULL, last text NOT NULL, age int);
INSERT INTO people SELECT g, 'f' || g, 'l' || g, g FROM generate_series(1, 300) AS g;
"""
_FIRST, _LAST = "split_part(name, ' ', 1)", "split_part(name, ' ', 2)"
_BY_DROPS = f"""
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || ' ' || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
-- midair: down = {_FIRST}
ALTER TABLE people DROP COLUMN first;
-- midair: down = {_LAST}
ALTER TABLE people DROP COLUMN last;
"""
_BY_UPDATE = f"""
ALTER TABLE people ADD COLUMN name text;
-- midair: down = ({_FIRST}, {_LAST})
UPDATE people SET name = first || ' ' || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
ALTER TABLE people DROP COLUMN first, DROP COLUMN last;
"""
_SILENT = "\n".join(line for line in _BY_DROPS.splitlines() if "midair" not in line)
DECLARED = {"above each drop": _BY_DROPS, "above the update": _BY_UPDATE}


@pytest.mark.parametrize("where", DECLARED)
def test_what_either_version_writes_is_in_the_other_ones_columns(
    rig: Rig, project: Callable[..., Path], where: str
) -> None:
    with applied(rig, project(DECLARED[where]), GIVEN) as (_, session):
        run_all(session, "INSERT INTO people (id, first, last) VALUES (901, 'a', 'b')")
        run_all(session, "INSERT INTO people (id, name) VALUES (902, 'new one')")
        run_all(
            session,
            "UPDATE people SET last = 'z' WHERE id = 1",
            "UPDATE people SET name = 'x y' WHERE id = 2",
        )
        assert _people(session, 1, 2, 901, 902) == [
            ("f1", "z", "f1 z"),
            ("x", "y", "x y"),
            ("a", "b", "a b"),
            ("new", "one", "new one"),
        ]


def test_a_way_back_that_is_not_exact_never_changes_what_the_new_version_wrote(
    newest: Rig, project: Callable[..., Path]
) -> None:
    with applied(newest, project(_BY_DROPS), GIVEN) as (_, session):
        run_all(
            session,
            "UPDATE people SET name = 'Ada van Hove' WHERE id = 1",
            "UPDATE people SET age = 9 WHERE id = 1",
        )
        assert _people(session, 1) == [("Ada", "van", "Ada van Hove")]
        run_all(session, "UPDATE people SET last = 'Hove' WHERE id = 1")
        assert _people(session, 1) == [("Ada", "Hove", "Ada Hove")]


@pytest.mark.parametrize("where", DECLARED)
def test_a_rollback_keeps_every_row_in_the_old_shape(
    rig: Rig, project: Callable[..., Path], where: str
) -> None:
    root = without_downgrade(project(DECLARED[where]))
    with applied(rig, root, GIVEN) as (address, session):
        run_all(session, "INSERT INTO people (id, name) VALUES (902, 'new one')")
        run_all(session, "UPDATE people SET name = 'x y' WHERE id = 2")
        midair.rollback(request_for(root, address), Remembering())
        rows = session.query("SELECT id, first, last FROM people WHERE id IN (1, 2, 902) ORDER BY id")
        assert rows == [(1, "f1", "l1"), (2, "x", "y"), (902, "new", "one")]
        run_all(
            session,
            "DELETE FROM people WHERE id = 902",
            "UPDATE people SET first = 'f2', last = 'l2' WHERE id = 2",
        )
        with rig.database(GIVEN) as untouched:
            left = set(dump(rig.server.bin, address).splitlines())
            assert left >= set(dump(rig.server.bin, untouched).splitlines())
            assert not any("name" in line for line in left)


def test_after_contract_the_naive_migrations_schema_and_rows_are_there(
    rig: Rig, project: Callable[..., Path]
) -> None:
    assert ends_as_written(rig, project(_BY_DROPS), GIVEN)


def test_the_old_columns_tripwire_hears_the_old_version_only(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(_BY_DROPS), GIVEN) as (_, session):
        run_all(session, "INSERT INTO people (id, name) VALUES (902, 'new one')")
        assert _touched(session) == []
        run_all(session, "INSERT INTO people (id, first, last) VALUES (901, 'a', 'b')")
        assert len(_touched(session)) == 2


def test_without_a_word_of_the_way_back_the_plan_says_what_is_lost(
    newest: Rig, project: Callable[..., Path]
) -> None:
    with newest.database(GIVEN) as address:
        notes = midair.plan(request_for(project(_SILENT), address)).notes
        assert any(
            "nobody said how people.first and people.last follow from people.name" in each for each in notes
        )
        declared = midair.plan(request_for(project(_BY_DROPS), address)).notes
        assert not any("nobody said" in each for each in declared)


def test_a_declared_value_stands_in_for_the_update(newest: Rig, project: Callable[..., Path]) -> None:
    sql = "-- midair: up = age * 12\n-- midair: down = months / 12\nALTER TABLE people ADD COLUMN months int;"
    with applied(newest, project(sql), GIVEN) as (_, session):
        run_all(
            session, "UPDATE people SET months = 240 WHERE id = 1", "UPDATE people SET age = 3 WHERE id = 2"
        )
        rows = session.query("SELECT age, months FROM people WHERE id < 4 ORDER BY id")
        assert rows == [(20, 240), (3, 36), (3, 36)]


@pytest.mark.parametrize(
    ("down", "why"),
    [
        ("name", "gives 1 values, and the columns are first, last"),
        ("(name, (SELECT max(last) FROM people))", "says more than a row of people knows"),
    ],
)
def test_a_way_back_that_cannot_be_is_refused_by_its_place(
    newest: Rig, project: Callable[..., Path], down: str, why: str
) -> None:
    sql = _BY_UPDATE.replace(f"({_FIRST}, {_LAST})", down)
    with newest.database(GIVEN) as address, pytest.raises(NotOnline, match=why):
        midair.plan(request_for(project(sql), address))


def _people(session: Session, *numbers: int) -> Sequence[tuple[object, ...]]:
    which = ", ".join(str(each) for each in numbers)
    return session.query(f"SELECT first, last, name FROM people WHERE id IN ({which}) ORDER BY id")


def _touched(session: Session) -> Sequence[tuple[object, ...]]:
    return session.query(
        "SELECT sequencename FROM pg_sequences WHERE schemaname = 'midair' AND sequencename LIKE '%wire%' AND last_value IS NOT NULL"
    )


def test_the_updates_own_hint_bounds_its_batches(newest: Rig, project: Callable[..., Path]) -> None:
    sql = _BY_UPDATE.replace("-- midair: down", "-- midair: batch_rows = 7\n-- midair: down")
    with newest.database(GIVEN) as address:
        made = midair.plan(request_for(project(sql), address))
        fills = [
            step.action.statement.intent
            for segment in made.segments
            for step in segment.steps
            if isinstance(step.action, Backfill)
        ]
        assert [each and each.batch_rows for each in fills] == [7]

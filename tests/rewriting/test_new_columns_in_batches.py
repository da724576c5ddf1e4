"""A column whose value differs from row to row is filled in batches, by key or by pages, and every row gets its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.backfills import Heard
from tests.support.listening import Remembering

import midair
from midair.errors import BackfillUnproven
from midair.execution.services import Pace
from midair.model.backfill import Backfill
from midair.model.event import Event
from midair.model.statement import Sql

_SHOP = """
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
INSERT INTO orders SELECT g, 'x' FROM generate_series(1, 3000) AS g;
CREATE TABLE lines (note text);
INSERT INTO lines SELECT 'x' FROM generate_series(1, 3000) AS g;
CREATE FUNCTION ours() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN md5(random()::text); END';
"""
_SMALL = Pace(batch_s=0.001, first_rows=50)

COLUMNS = [
    ("bigserial", True),
    ("serial UNIQUE", True),
    ("int GENERATED ALWAYS AS IDENTITY", True),
    ("uuid NOT NULL DEFAULT gen_random_uuid()", True),
    ("uuid DEFAULT gen_random_uuid() UNIQUE", False),
    ("text NOT NULL DEFAULT ours()", True),
    ("text NOT NULL DEFAULT clock_timestamp() || ' ' || gen_random_uuid()", True),
]


def _backfills(made: midair.Plan) -> list[Backfill]:
    return [step.action for step in made.steps if isinstance(step.action, Backfill)]


@pytest.mark.parametrize("table", ["orders", "lines"])
@pytest.mark.parametrize(("column", "strict"), COLUMNS, ids=[column for column, _ in COLUMNS])
def test_rows_that_were_there_are_filled_in_batches_while_new_ones_come(
    rig: Rig, project: Callable[..., Path], table: str, column: str, strict: bool
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as application:
        request = replace(
            request_for(project(f"ALTER TABLE {table} ADD COLUMN mark {column};"), address), pace=_SMALL
        )
        assert [each.strict for each in _backfills(midair.plan(request))] == [strict]
        coming = iter(range(10_000, 20_000))

        def write(event: Event) -> None:
            names = "id, note" if table == "orders" else "note"
            values = f"{next(coming)}, 'new'" if table == "orders" else "'new'"
            application.run([Sql(f"INSERT INTO {table} ({names}) VALUES ({values})")], atomic=False)

        midair.apply(request, Heard(at=write))
        ((size, known, different, new),) = application.query(
            f"SELECT count(*), count(mark), count(DISTINCT mark), count(*) FILTER (WHERE note = 'new') FROM {table}"
        )
    assert new > 3
    assert size == known == different == 3000 + new


def test_a_key_of_a_table_that_had_none_goes_on_where_its_numbers_stopped(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        root = project("ALTER TABLE lines ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;")
        midair.apply(request_for(root, address), Remembering())
        before = session.query("SELECT max(id) FROM lines")
        session.run([Sql("INSERT INTO lines (note) VALUES ('next')")], atomic=False)
        after = session.query("SELECT id FROM lines WHERE note = 'next'")
        sequences = session.query("SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'")
    assert before == [(3000,)]
    assert after == [(3001,)]
    assert sequences == [(1,)]


def test_rows_that_keep_coming_without_a_value_stop_it_before_not_null_is_promised(
    rig: Rig, project: Callable[..., Path]
) -> None:
    trigger = """
    CREATE FUNCTION forgets() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 7 THEN NEW := jsonb_populate_record(NEW, ''{"mark": null}''); END IF; RETURN NEW; END';
    CREATE TRIGGER forgets BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION forgets();
    """
    with rig.database(_SHOP + trigger) as address, rig.session(address) as session:
        root = project("ALTER TABLE orders ADD COLUMN mark uuid NOT NULL DEFAULT gen_random_uuid();")
        made = midair.plan(request_for(root, address))
        said = [segment.why for segment in made.segments if "may fire" in segment.why]
        with pytest.raises(BackfillUnproven, match="1 rows of orders"):
            midair.apply(request_for(root, address), Remembering())
        session.run([Sql("DROP TRIGGER forgets ON orders")], atomic=False)
        midair.resume(request_for(root, address), Remembering())
        left = session.query("SELECT count(*) FROM orders WHERE mark IS NULL")
    assert said, "the plan must say that the trigger fires for the rows that are filled"
    assert left == [(0,)]


def test_a_table_below_the_limit_is_worked_on_as_written(rig: Rig, project: Callable[..., Path]) -> None:
    root = project("CREATE INDEX by_note ON orders (note);")
    with rig.database(_SHOP + "ANALYZE orders;") as address:
        small = midair.plan(replace(request_for(root, address), small_table_bytes=1 << 20))
        large = midair.plan(replace(request_for(root, address), small_table_bytes=1 << 10))
    assert {step.rewrite for step in small.steps} == {None}
    assert "index-concurrently" in {step.rewrite for step in large.steps}

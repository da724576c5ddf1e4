"""What an author declares beside a statement reaches the plan, and what means nothing is refused on its line."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.rewriting.conftest import Rig, request_for
from tests.sources.alembic.projects import revision, write_project
from tests.support.listening import Remembering

import midair
from midair.errors import BadIntent
from midair.journal.plans import read, written
from midair.model.intent import Intent, Way, When
from midair.model.migration import Block, Script
from midair.model.plan import Backfill, Plan
from midair.model.statement import Span, Statement
from midair.planning.intents import with_intents
from midair.sources.tools.alembic.info import declared

_ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric, note text);\n"


def test_a_comment_belongs_to_the_statement_right_below_it() -> None:
    text = (
        "-- midair: up = round(total * 100)\n"
        "-- cents from now on\n"
        "-- midair: down = total / 100.0\n"
        "-- midair: strategy = duplicate\n"
        "ALTER TABLE orders RENAME COLUMN total TO cents;\n"
        "/* midair: batch_rows = 200 */\n"
        "UPDATE orders SET note = '';\n"
    )
    rename, update = _intents(text, (5, "ALTER"), (7, "UPDATE"))
    assert rename == Intent("round(total * 100)", "total / 100.0", Way.DUPLICATE, place="m.sql:1")
    assert update == Intent(batch_rows=200, place="m.sql:6")


def test_a_statement_without_a_word_about_it_has_no_intent() -> None:
    text = "SELECT 1;\n-- midair: phase = contract\nSELECT 2;\n\nSELECT 3;\n"
    first, second, third = _intents(text, (1, "SELECT 1"), (3, "SELECT 2"), (5, "SELECT 3"))
    assert (first, third) == (None, None)
    assert second == Intent(phase=When.CONTRACT, place="m.sql:2")


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("-- midair: upp = 1", r"m.sql:1 says upp, which midair does not know"),
        ("-- midair: up = ", "no value"),
        ("-- midair: up = 1 +", "no SQL expression"),
        ("-- midair: up = 1); DROP TABLE orders; SELECT (1", "more than one expression"),
        ("-- midair: up = 1) FROM orders WHERE (true", "no SQL expression|more than one expression"),
        ("-- midair: strategy = magic", "strategy as 'magic'"),
        ("-- midair: batch_rows = 100000", "batch_rows as '100000'"),
        ("-- midair: up = 1\n-- midair: up = 2", "m.sql:2 says up again, after m.sql:1"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_on_its_line(comment: str, why: str) -> None:
    with pytest.raises(BadIntent, match=why):
        _intents(comment + "\nSELECT 1;\n", (comment.count("\n") + 2, "SELECT 1"))


def test_a_comment_with_nothing_below_it_is_refused() -> None:
    with pytest.raises(BadIntent, match=r"m.sql:2 says up of a statement, and none stands below it"):
        _intents("SELECT 1;\n-- midair: up = 1\n\n", (1, "SELECT 1"))


def test_the_info_of_a_call_says_the_same_and_nothing_is_run() -> None:
    text = (
        "def upgrade():\n"
        "    op.alter_column('orders', 'total', new_column_name='cents',\n"
        "        info={'midair': {'up': 'total * 100', 'batch_rows': 50}})\n"
        "    op.add_column('orders', sa.Column('x', sa.Integer, info={'midair': {'phase': 'expand'}}))\n"
        "    op.execute('SELECT 1')\n"
    )
    script = _script((2, "A"), (4, "B"), (5, "C"))
    first, second, third = with_intents(script, lambda _: text, declared).statements
    assert first.intent == Intent("total * 100", batch_rows=50, place="m.sql:3")
    assert second.intent == Intent(phase=When.EXPAND, place="m.sql:4")
    assert third.intent is None
    with pytest.raises(BadIntent, match=r"m.sql:3 declares something .* without running"):
        with_intents(script, lambda _: text.replace("'total * 100'", "up()"), declared)


def test_a_statement_that_waits_by_its_authors_word_runs_at_contract(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project("-- midair: phase = contract\nALTER TABLE orders ADD CHECK (total > 0) NOT VALID;")
    with rig.database(_ORDERS) as address, rig.session(address) as session:
        midair.apply(request_for(root, address), Remembering())
        checks = "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid = 'orders'::regclass"
        assert session.query(checks) == [(0,)]
    with rig.database(_ORDERS) as address:
        midair.apply(request_for(root, address), Remembering())
        midair.contract(request_for(root, address), Remembering())
        with rig.session(address) as session:
            assert session.query(checks) == [(1,)]


def test_a_word_of_the_author_lets_a_change_run_that_would_wait_or_be_refused(
    rig: Rig, project: Callable[..., Path]
) -> None:
    waits = "ALTER TABLE orders DROP COLUMN note;"
    with rig.database(_ORDERS) as address:
        assert len(midair.plan(request_for(project(waits), address)).contracts) == 1
        for word in ("phase = expand", "strategy = direct"):
            made = midair.plan(request_for(project(f"-- midair: {word}\n{waits}"), address))
            assert made.contracts == ()
    with rig.database(_ORDERS) as address:
        second = "-- midair: phase = expand\n" + waits + "\nALTER TABLE orders DROP COLUMN total;"
        assert len(midair.plan(request_for(project(second), address)).contracts) == 1


def test_batches_keep_to_the_authors_limit(rig: Rig, project: Callable[..., Path]) -> None:
    sql = "-- midair: batch_rows = 10\nUPDATE orders SET note = 'x';"
    given = _ORDERS + "INSERT INTO orders SELECT g, g, '' FROM generate_series(1, 95) AS g;"
    with rig.database(given) as address, rig.session(address) as session:
        root = project(sql)
        made = midair.plan(request_for(root, address))
        batches = [step.action for step in made.steps if isinstance(step.action, Backfill)]
        assert [each.statement.intent for each in batches] == [
            Intent(batch_rows=10, place="migrations/000001_m1.up.sql:1")
        ]
        assert _same(made) == made
        midair.apply(request_for(root, address), Remembering())
        transactions = session.query("SELECT count(DISTINCT xmin::text) FROM orders")[0][0]
        assert transactions >= 10


def test_alembic_itself_takes_the_info_of_its_calls(rig: Rig, tmp_path: Path) -> None:
    body = """op.alter_column('orders', 'total', new_column_name='amount', info={'midair': {'phase': 'expand'}})
op.drop_column('orders', 'note', info={'midair': {'strategy': 'direct'}})
op.add_column('orders', sa.Column('x', sa.Integer, info={'midair': {'up': 'id'}}))
op.execute('UPDATE orders SET x = 1', execution_options={'midair': {'batch_rows': 7}})
"""
    with rig.database(_ORDERS) as address:
        root = write_project(tmp_path / "p", {"a": revision("a", "None", body)}, url=url_of(address).reveal())
        made = midair.plan(replace(request_for(root, address), python=sys.executable))
        said = [each.partition(" has intent from ")[2].partition(": ")[2] for each in made.notes]
        assert [each for each in said if each] == [
            "phase = expand",
            "strategy = direct",
            "up = id",
            "batch_rows = 7",
        ]
        assert [each.recipe for each in made.contracts] == ["fill-column"]


def _same(made: Plan) -> Plan:
    return read(written(made))


def _script(*places: tuple[int, str]) -> Script:
    return Script((Block(tuple(Statement(sql, Span("m.sql", line)) for line, sql in places)),))


def _intents(text: str, *places: tuple[int, str]) -> list[Intent | None]:
    return [each.intent for each in with_intents(_script(*places), lambda _: text, None).statements]

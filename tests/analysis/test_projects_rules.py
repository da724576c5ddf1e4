"""Rules about whole migrations, whose findings stand on no statement."""

from dataclasses import replace

import pytest
from looking import candidate, codes, look

from midair.analysis.analyse import Candidate, analyse
from midair.analysis.context import Refusal
from midair.analysis.options import Options
from midair.model.migration import RevisionId
from midair.model.statement import Span


def _does_nothing(found: Candidate) -> bool:
    return "MA705" in codes(analyse([found]))


def test_a_migration_without_a_statement_is_said_to_do_nothing() -> None:
    assert _does_nothing(candidate("-- to be done"))
    assert not _does_nothing(candidate("SELECT 1"))


def test_a_merge_of_two_branches_may_be_empty() -> None:
    empty = candidate("")
    parents = (RevisionId("a"), RevisionId("b"))
    assert not _does_nothing(replace(empty, migration=replace(empty.migration, parents=parents)))


def test_of_a_migration_that_could_not_be_read_nobody_says_that_it_does_nothing() -> None:
    empty = candidate("")
    assert not _does_nothing(replace(empty, unseen="it is a program, and was not run"))
    assert not _does_nothing(replace(empty, refusal=Refusal("mixed", Span("1.sql", 1))))


def test_a_number_always_fits_a_text_as_long_as_its_longest_value() -> None:
    table = "CREATE TABLE notes (id bigint PRIMARY KEY, author integer);"
    assert "MA411" not in codes(look(table, "ALTER TABLE notes ALTER COLUMN author TYPE varchar(11);"))
    assert "MA411" in codes(look(table, "ALTER TABLE notes ALTER COLUMN author TYPE varchar(10);"))


ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, note text)"
BUILD = "CREATE INDEX CONCURRENTLY i ON orders (note)"


@pytest.mark.parametrize(
    ("release", "sql", "said"),
    [
        (140_000, BUILD, True),
        (140_003, "REINDEX INDEX CONCURRENTLY orders_pkey", True),
        (140_003, "CREATE INDEX i ON orders (note)", False),
        (140_004, BUILD, False),
        (130_001, BUILD, False),
        (150_000, BUILD, False),
        (None, BUILD, False),
    ],
)
def test_only_the_releases_that_corrupt_concurrent_builds_are_warned_of(
    release: int | None, sql: str, said: bool
) -> None:
    assert ("MA522" in codes(look(ORDERS, sql, options=Options(release=release)))) is said


@pytest.mark.parametrize(
    ("tool", "settings", "said"),
    [
        ("flyway", {}, 1),
        ("flyway", {"postgresql.transactional.lock": "true"}, 1),
        ("flyway", {"postgresql.transactional.lock": "false"}, 0),
        ("golang-migrate", {}, 1),
        ("goose", {}, 0),
        ("alembic", {}, 0),
    ],
)
def test_a_tool_whose_lock_stops_concurrent_builds_is_named_once(
    tool: str, settings: dict[str, str], said: int
) -> None:
    found = look(
        ORDERS, BUILD, "DROP INDEX CONCURRENTLY i", options=Options(tool=tool, tool_settings=settings)
    )
    assert codes(found).count("MA523") == said
    assert all("1 more statement" in each.message for each in found if each.code == "MA523")
    plain = look(
        ORDERS, "CREATE INDEX i ON orders (note)", options=Options(tool=tool, tool_settings=settings)
    )
    assert "MA523" not in codes(plain)


@pytest.mark.parametrize(
    ("sql", "beside", "said"),
    [
        ("ALTER TABLE orders DROP COLUMN note", "app/cart.rb", True),
        ("ALTER TABLE orders DROP COLUMN note", "app/tests/cart.rb", False),
        ("ALTER TABLE orders DROP COLUMN note", "README.md", False),
        ("ALTER TABLE orders DROP COLUMN note", "2.sql", False),
        ("ALTER TABLE orders ADD COLUMN more text", "app/cart.rb", False),
    ],
)
def test_a_change_of_code_and_of_what_it_stands_on_is_told_where_it_is_asked_for(
    sql: str, beside: str, said: bool
) -> None:
    options = Options(select=("MA710",), changed_files=frozenset(["2.sql", beside]))
    assert ("MA710" in codes(look(ORDERS, sql, options=options))) is said
    assert "MA710" not in codes(look(ORDERS, sql, options=replace(options, select=())))


def test_the_columns_a_project_wants_in_every_table_are_missed_in_new_ones() -> None:
    options = Options(required_columns=("id", "tenant_id"))
    (found,) = [each for each in look(ORDERS, options=options) if each.code == "MA832"]
    assert found.message == "orders lacks tenant_id"
    for fine in (
        "CREATE TABLE more (id bigint, tenant_id bigint)",
        "CREATE TEMPORARY TABLE more (a int)",
        "CREATE TABLE more (LIKE orders)",
        "CREATE TABLE more AS SELECT 1 AS one",
    ):
        assert "MA832" not in codes(look(fine, options=options))
    assert "MA832" not in codes(look(ORDERS))


@pytest.mark.parametrize(
    ("up", "down", "destroys"),
    [
        ("ALTER TABLE orders ADD COLUMN a int", "ALTER TABLE orders DROP COLUMN a", False),
        ("ALTER TABLE orders ADD COLUMN a int", "ALTER TABLE orders DROP COLUMN note", True),
        (
            "CREATE TABLE actions (id int, blocked bool); DROP TABLE orders",
            "ALTER TABLE actions RENAME TO orders; ALTER TABLE orders DROP COLUMN blocked",
            False,
        ),
        (
            "ALTER TABLE orders DROP COLUMN note",
            "ALTER TABLE orders RENAME TO old; CREATE TABLE orders (id int); CREATE TABLE old2 (id int); DROP TABLE old2",
            False,
        ),
        ("SELECT 1", "ALTER TABLE orders RENAME TO old; DROP TABLE old", True),
    ],
)
def test_a_way_back_may_drop_what_was_made_whatever_it_is_called_by_then(
    up: str, down: str, destroys: bool
) -> None:
    made = candidate(ORDERS, "1.sql", pending=False)
    assert ("MA702" in codes(analyse([made, candidate(up, "2.sql", down=down)]))) is destroys

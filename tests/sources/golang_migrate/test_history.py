"""golang-migrate: cursor, dirty flag, locks, and what repair makes of a run that was cut off."""

from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import (
    BadMigration,
    BadSetting,
    Dirty,
    ForeignHistory,
    HistoryDiverged,
)
from midair.model.address import Address, Product, Secret
from midair.model.migration import Applied, RevisionId, State
from midair.model.statement import Sql
from midair.sources.history import REMEMBERED, Marks
from midair.sources.source import Project
from midair.sources.tools.golang_migrate import SOURCE
from midair.sources.tools.golang_migrate.history import lock_id
from tests.sources.golang_migrate.projects import PAIRS, project_of
from tests.support.listening import Remembering


def mark(session: Session, marks: Marks) -> None:
    session.run(marks.within, atomic=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("public", "schema_migrations", "/mydb"), 616192132),
        (("public", "schema_migrations", "mydb"), 2103762914),
    ],
)
def test_lock_ids_are_the_tools(names: tuple[str, str, str], expected: int) -> None:
    assert lock_id(*names) == expected


def test_both_lock_ids_are_taken_and_let_go_for_index_builds(tmp_path: Path, session: Session) -> None:
    lock = project_of(tmp_path, PAIRS).history.lock(session)
    name = session.query("SELECT current_database()")[0][0]
    assert lock is not None
    assert lock.keys == (
        lock_id("public", "schema_migrations", f"/{name}"),
        lock_id("public", "schema_migrations", name),
    )
    assert lock.lone_builds


def test_the_cursor_follows_what_is_recorded_and_forgotten(tmp_path: Path, either: Session) -> None:
    project = project_of(tmp_path, PAIRS)
    history = project.history
    assert history.read(either) == ()
    either.run(history.create(either), atomic=True)
    assert history.create(either) == ()
    assert history.read(either) == ()
    for marks in history.record(either, project.migrations, ()):
        mark(either, marks)
    assert [row.revision for row in history.read(either)] == ["10"]
    expected = [["2"], ["1"], []]
    for marks, revisions in zip(history.forget(either, project.migrations[::-1], ()), expected, strict=True):
        mark(either, marks)
        assert [row.revision for row in history.read(either)] == revisions


def test_a_migration_that_cannot_be_one_transaction_is_dirty_while_it_runs(
    tmp_path: Path, either: Session
) -> None:
    project = project_of(tmp_path, PAIRS)
    either.run(project.history.create(either), atomic=True)
    up = project.history.record(either, project.migrations[1:2], ())[0]
    either.run(up.before, atomic=True)
    assert [(row.revision, row.success) for row in project.history.read(either)] == [("2", False)]
    either.run(up.after, atomic=True)
    assert [(row.revision, row.success) for row in project.history.read(either)] == [("2", True)]
    down = project.history.forget(either, project.migrations[:1], ())[0]
    either.run(down.before, atomic=True)
    assert [(row.revision, row.success) for row in project.history.read(either)] == [("-1", False)]


def test_columns_that_users_add_to_the_table_are_left_alone(tmp_path: Path, session: Session) -> None:
    project = project_of(tmp_path, PAIRS)
    session.run(
        [
            *project.history.create(session),
            Sql("ALTER TABLE schema_migrations ADD COLUMN note text DEFAULT 'x'"),
        ],
        atomic=True,
    )
    mark(session, project.history.record(session, project.migrations[:1], ())[0])
    assert session.query("SELECT version, dirty, note FROM schema_migrations") == [(1, False, "x")]


def test_the_table_is_in_the_schema_the_session_creates_in(tmp_path: Path, session: Session) -> None:
    session.run([Sql("CREATE SCHEMA app"), Sql("SET search_path = nowhere, app, public")], atomic=False)
    project = project_of(tmp_path, PAIRS)
    session.run(project.history.create(session), atomic=True)
    assert session.query("SELECT schemaname FROM pg_tables WHERE tablename = 'schema_migrations'") == [
        ("app",)
    ]


def test_the_table_can_be_named_in_the_url_as_for_the_tool(tmp_path: Path, session: Session) -> None:
    url = 'postgres://h/d?sslmode=disable&x-migrations-table-quoted=true&x-migrations-table="my"."Table"'
    project = project_of(tmp_path, PAIRS, {"DATABASE_URL": url})
    session.run([Sql("CREATE SCHEMA my"), *project.history.create(session)], atomic=True)
    assert session.query("SELECT schemaname, tablename FROM pg_tables WHERE tablename = 'Table'") == [
        ("my", "Table")
    ]


def test_quotes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="says it is quoted"):
        project_of(tmp_path, PAIRS, migrations_table="my.table", migrations_table_quoted="true")


def test_a_table_of_another_tool_is_not_touched(tmp_path: Path, either: Session) -> None:
    either.run([Sql("CREATE TABLE schema_migrations (version varchar(128) primary key)")], atomic=True)
    with pytest.raises(ForeignHistory, match="version"):
        project_of(tmp_path, PAIRS).history.read(either)


def states(project: Project, *applied: Applied) -> list[tuple[str, State]]:
    return [(each.revision, each.state) for each in SOURCE.compare(project, applied)]


def cursor(version: int, *, success: bool = True) -> Applied:
    return Applied(RevisionId(str(version)), success=success)


def test_everything_up_to_the_cursor_is_applied(tmp_path: Path) -> None:
    project = project_of(tmp_path, PAIRS)
    assert states(project) == [("1", State.PENDING), ("2", State.PENDING), ("10", State.PENDING)]
    assert states(project, cursor(2)) == [("1", State.APPLIED), ("2", State.APPLIED), ("10", State.PENDING)]


def test_a_file_that_came_late_is_told_apart_by_what_midair_remembers(tmp_path: Path) -> None:
    project = project_of(tmp_path, PAIRS)
    remembered = [Applied(RevisionId(version), order=-1, kind=REMEMBERED) for version in ("1", "10")]
    assert states(project, cursor(10), *remembered) == [
        ("1", State.APPLIED),
        ("2", State.LATE),
        ("10", State.APPLIED),
    ]


def test_a_cursor_without_a_file_is_refused_as_the_tool_does(tmp_path: Path) -> None:
    with pytest.raises(HistoryDiverged, match="at version 3"):
        SOURCE.compare(project_of(tmp_path, PAIRS), [cursor(3)])


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (1, r"version 1 dirty: 1_users\.up\.sql or 2_orders\.down\.sql failed"),
        (2, r"version 2 dirty: 2_orders\.up\.sql failed"),
        (-1, r"version -1 dirty: 1_users\.down\.sql failed; −1 stands for no version"),
        (7, r"version 7 dirty: a file that is gone failed"),
    ],
)
def test_a_dirty_row_is_explained_by_the_files_that_can_have_failed(
    tmp_path: Path, version: int, message: str
) -> None:
    with pytest.raises(Dirty, match=message):
        SOURCE.compare(project_of(tmp_path, PAIRS), [cursor(version, success=False)])


@pytest.mark.parametrize(("dirty", "mended"), [(2, ["1"]), (-1, ["1"]), (10, ["2"])])
def test_repair_puts_the_cursor_where_a_failed_transaction_left_the_schema(
    tmp_path: Path, either: Session, dirty: int, mended: list[str]
) -> None:
    project = project_of(tmp_path, PAIRS)
    repair = SOURCE.repair
    assert repair is not None
    either.run([*project.history.create(either), Sql("CREATE TABLE users (id int PRIMARY KEY)")], atomic=True)
    if dirty == 10:
        either.run([Sql("CREATE TABLE orders (id int PRIMARY KEY)")], atomic=True)
    either.run(
        [Sql("INSERT INTO schema_migrations (version, dirty) VALUES (%s, %s)", (dirty, True))], atomic=True
    )
    pairs = repair(either, project, project.history.read(either))
    either.run([sql for _, sql in pairs], atomic=True)
    assert [(row.revision, row.success) for row in project.history.read(either)] == [(mended[0], True)]


def test_repair_leaves_the_decision_to_a_person_when_part_of_a_file_may_be_in(
    tmp_path: Path, session: Session
) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "SELECT 1;\nSELECT 2;"}, multi_statement="true")
    assert SOURCE.repair is not None
    with pytest.raises(Dirty, match=r"1_x\.up\.sql failed"):
        SOURCE.repair(session, project, [cursor(1, success=False)])


@pytest.mark.parametrize(
    ("ran", "dirty", "version"),
    [
        (["CREATE TABLE a (id int)"], 2, "1"),
        (["CREATE TABLE a (id int)", "CREATE TABLE b (id int)", "CREATE INDEX b_id ON b (id)"], 2, "2"),
        (["CREATE TABLE a (id int)", "CREATE TABLE b (id int)", "CREATE INDEX b_id ON b (id)"], 1, "2"),
        (["CREATE TABLE a (id int)"], 1, "1"),
    ],
    ids=["up left nothing", "up left all", "down left all", "down took all"],
)
def test_repair_asks_the_schema_which_version_it_is_at(
    tmp_path: Path, session: Session, ran: list[str], dirty: int, version: str
) -> None:
    files = {
        "1_a.up.sql": "CREATE TABLE a (id int);",
        "1_a.down.sql": "DROP TABLE a;",
        "2_b.up.sql": "CREATE TABLE b (id int);\nCREATE INDEX b_id ON b (id);",
        "2_b.down.sql": "DROP INDEX b_id;\nDROP TABLE b;",
    }
    project = project_of(tmp_path, files)
    session.run([*project.history.create(session), *[Sql(each) for each in ran]], atomic=True)
    mark = Sql("INSERT INTO schema_migrations (version, dirty) VALUES (%s, %s)", (dirty, True))
    session.run([mark], atomic=True)
    assert SOURCE.repair is not None
    mended = SOURCE.repair(session, project, project.history.read(session))
    session.run([sql for _, sql in mended], atomic=True)
    assert [(row.revision, row.success) for row in project.history.read(session)] == [(version, True)]


def test_repair_says_which_statements_of_a_half_applied_file_are_in(tmp_path: Path, session: Session) -> None:
    text = "CREATE TABLE a (id int);\nALTER TABLE a ADD COLUMN b int;\n\nALTER TABLE a ADD COLUMN c int;"
    project = project_of(tmp_path, {"1_x.up.sql": text}, multi_statement="true")
    session.run([Sql("CREATE TABLE a (id int, b int)")], atomic=True)
    assert SOURCE.repair is not None
    with pytest.raises(Dirty, match="line 1 is in, line 2 is in, line 4 is not in"):
        SOURCE.repair(session, project, [cursor(1, success=False)])


def test_the_words_for_the_tool_in_the_targets_url_count(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_a.up.sql").write_text("BEGIN;\nCREATE TABLE a (id integer);\nCOMMIT;\n")
    target = tmp_path / "app.db"
    with pytest.raises(BadMigration, match="would end or nest"):
        midair.apply(midair.Request(tmp_path, url=Secret(f"sqlite:///{target}")), Remembering())
    words = "x-no-tx-wrap=true&x-migrations-table=moves"
    midair.apply(midair.Request(tmp_path, url=Secret(f"sqlite:///{target}?{words}")), Remembering())
    session = open_session(Address(Product.SQLITE, str(target)), Guard(), "test")
    assert session.query("SELECT version, dirty FROM moves") == [(1, 0)]
    session.close()

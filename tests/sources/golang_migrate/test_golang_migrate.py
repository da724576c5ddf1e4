"""golang-migrate: names, cursor, dirty flag, locks, and which transaction a file runs in."""

import re
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import (
    BadMigration,
    BadSetting,
    Dirty,
    DuplicateRevision,
    ForeignHistory,
    HistoryDiverged,
    UnreadableFile,
)
from midair.model.address import Address, Product, Secret
from midair.model.migration import Applied, Direction, RevisionId, State
from midair.model.statement import Sql
from midair.sources.history import REMEMBERED, Marks
from midair.sources.source import Options, Project, Scripts, Work
from midair.sources.tools.golang_migrate import SOURCE
from midair.sources.tools.golang_migrate.history import lock_id
from tests.sources.scratch import NO_SCRATCH
from tests.support.listening import Remembering

PAIRS = {
    "1_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
    "1_users.down.sql": "DROP TABLE users;\n",
    "2_orders.up.sql": "CREATE TABLE orders (id int PRIMARY KEY);\nINSERT INTO orders VALUES (1);\n",
    "2_orders.down.sql": "DROP TABLE orders;\n",
    "10_paid.up.sql": "ALTER TABLE orders ADD COLUMN paid boolean;\n",
}


def project_of(
    folder: Path, files: dict[str, str], variables: dict[str, str] | None = None, **tool: str
) -> Project:
    home = folder / "migrations"
    home.mkdir(exist_ok=True)
    for name, text in files.items():
        (home / name).write_text(text)
    found = next(SOURCE.recognises(folder, {}))
    return SOURCE.read(found, Options(variables=variables or {}, tool=tool))


def run_of(
    project: Project, direction: Direction = Direction.UP, product: Product = Product.POSTGRESQL
) -> Scripts:
    return SOURCE.scripts(project, Work(project.migrations, direction, (), product), NO_SCRATCH, Options())


def blocks_of(
    tmp_path: Path, text: str, product: Product = Product.POSTGRESQL, **tool: str
) -> list[tuple[bool, list[str]]]:
    project = project_of(tmp_path, {"1_x.up.sql": text}, **tool)
    script = run_of(project, product=product).by_revision[RevisionId("1")]
    return [(block.atomic, [each.sql for each in block.statements]) for block in script.blocks]


def mark(session: Session, marks: Marks) -> None:
    session.run(marks.within, atomic=True)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("1_x.up.sql", True),
        ("001_.up.sql", True),
        ("20240102030405_add.users.up.pgsql", True),
        ("1-x.up.sql", False),
        ("x_1.up.sql", False),
        ("1_x.sql", False),
        ("1_x.UP.sql", False),
        ("1_x.up", False),
    ],
)
def test_a_file_is_a_migration_only_by_its_name(tmp_path: Path, name: str, taken: bool) -> None:
    project = project_of(tmp_path, {"7_known.up.sql": "", name: ""})
    assert (len(project.migrations) == 2) is taken


def test_versions_are_numbers_in_numeric_order_and_titles_are_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path, PAIRS)
    assert [(each.revision, each.description, each.reversible) for each in project.migrations] == [
        ("1", "users", True),
        ("2", "orders", True),
        ("10", "paid", False),
    ]
    assert project.migrations[0].span.path == "migrations/1_users.up.sql"


def test_leading_zeros_do_not_make_another_version(tmp_path: Path) -> None:
    with pytest.raises(
        DuplicateRevision, match=r"001_y\.up\.sql and migrations/1_x\.up\.sql are both version 1 up"
    ):
        project_of(tmp_path, {"1_x.up.sql": "", "001_y.up.sql": ""})


def test_an_up_and_a_down_with_different_zeros_are_one_version(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "", "001_x.down.sql": ""})
    assert [(each.revision, each.reversible) for each in project.migrations] == [("1", True)]


def test_a_number_beyond_the_columns_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMigration, match="9223372036854775808"):
        project_of(tmp_path, {"1_x.up.sql": "", "9223372036854775808_y.up.sql": ""})


def test_an_sql_file_the_tool_passes_over_is_named_in_a_warning(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "", "2_y.sql": ""})
    assert any("migrations/2_y.sql" in warning for warning in project.warnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE TABLE a (i int); CREATE TABLE b (i int);", [(True, 2)]),
        ("BEGIN; CREATE TABLE a (i int); COMMIT;", [(True, 1)]),
        ("BEGIN; SAVEPOINT s; CREATE TABLE a (i int); RELEASE s; COMMIT;", [(True, 3)]),
        ("CREATE TABLE a (i int); BEGIN; CREATE TABLE b (i int); COMMIT;", [(False, 4)]),
        ("BEGIN; CREATE TABLE a (i int); COMMIT; BEGIN; CREATE TABLE b (i int); COMMIT;", [(False, 6)]),
        ("CREATE INDEX CONCURRENTLY i ON a (i);", [(False, 1)]),
        ("-- a comment\n\nCREATE INDEX CONCURRENTLY i ON a (i)", [(False, 1)]),
        ("-- nothing\n", []),
        ("BEGIN; COMMIT;", []),
    ],
)
def test_a_file_is_one_message_to_postgresql(
    tmp_path: Path, text: str, expected: list[tuple[bool, int]]
) -> None:
    assert [(atomic, len(sql)) for atomic, sql in blocks_of(tmp_path, text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON a (i);",
        "BEGIN;\nCREATE INDEX CONCURRENTLY i ON a (i); COMMIT;",
    ],
)
def test_a_statement_that_must_stand_alone_is_refused_beside_others_with_its_line(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(
        BadMigration, match=r"migrations/1_x\.up\.sql:2 cannot run beside other statements"
    ) as refused:
        blocks_of(tmp_path, text)
    assert "multi_statement" in (refused.value.hint or "")


def test_multi_statement_runs_every_statement_on_its_own(tmp_path: Path) -> None:
    text = "CREATE TABLE a (i int);\nCREATE INDEX CONCURRENTLY i ON a (i);\n"
    assert [(atomic, len(sql)) for atomic, sql in blocks_of(tmp_path, text, multi_statement="true")] == [
        (False, 2)
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SELECT 1;\nSELECT 'a;b';", 2),
        ("SELECT 1;\n-- first; second\nSELECT 2;", 2),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\nRETURN 1;\nEND $$;", 3),
    ],
)
def test_multi_statement_predicts_where_the_naive_cut_fails(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadMigration, match=rf"1_x\.up\.sql:{line} has a semicolon inside"):
        blocks_of(tmp_path, text, multi_statement="true")


def test_a_semicolon_that_ends_a_comment_line_does_no_harm_to_the_naive_cut(tmp_path: Path) -> None:
    assert len(blocks_of(tmp_path, "-- first;\nSELECT 1;\nSELECT 2;", multi_statement="true")[0][1]) == 2


def test_sqlite_files_run_in_the_tools_transaction_unless_told_otherwise(tmp_path: Path) -> None:
    text = "CREATE TABLE a (i int);\nCREATE TABLE b (i int);"
    assert [atomic for atomic, _ in blocks_of(tmp_path, text, Product.SQLITE)] == [True]
    assert [atomic for atomic, _ in blocks_of(tmp_path, text, Product.SQLITE, no_tx_wrap="true")] == [False]


@pytest.mark.parametrize("text", ["BEGIN; CREATE TABLE a (i int); COMMIT;", "VACUUM;"])
def test_sqlite_refuses_in_the_tools_transaction_what_it_would_refuse_itself(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(BadMigration) as refused:
        blocks_of(tmp_path, text, Product.SQLITE)
    assert "no_tx_wrap" in (refused.value.hint or "")


def test_statements_know_their_line_in_the_authors_file(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "-- one\nSELECT 1;\n\n/* two\n */ SELECT\n2;\n"})
    spans = [each.span for each in run_of(project).by_revision[RevisionId("1")].statements]
    assert [str(span) for span in spans] == ["migrations/1_x.up.sql:2", "migrations/1_x.up.sql:5"]


def test_a_missing_direction_runs_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "SELECT 1;", "2_y.down.sql": "SELECT 2;"})
    assert run_of(project).by_revision[RevisionId("2")].blocks == ()
    assert run_of(project, Direction.DOWN).by_revision[RevisionId("1")].blocks == ()


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"SELECT 1;\nSELECT '\xff';", ":2 .*byte 19"),
        (b"SELECT\0", ":1 .*NUL byte .byte 7"),
        (b"\xef\xbb\xbfSELECT 1", "byte order mark"),
    ],
)
def test_a_file_that_is_not_utf8_sql_is_named_with_the_byte(
    tmp_path: Path, content: bytes, where: str
) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": ""})
    (tmp_path / "migrations/1_x.up.sql").write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"migrations/1_x\.up\.sql.*{where.lstrip(':')}"):
        run_of(project)


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


@pytest.fixture(params=["postgresql", "sqlite"])
def either(request: pytest.FixtureRequest) -> Session:
    """A session on each product."""
    if request.param == "postgresql":
        return request.getfixturevalue("session")
    address: Address = request.getfixturevalue("sqlite_file")
    return open_session(address, Guard(), "midair tests")


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
    ("existing", "pattern"),
    [
        ("000009_x.up.sql", "000010_add_vat"),
        ("1_x.up.sql", "2_add_vat"),
        ("20200101000000_x.up.sql", r"20\d{12}_add_vat"),
        ("1600000000_x.up.sql", r"\d{10}_add_vat"),
    ],
)
def test_new_files_are_numbered_as_the_folder_counts(tmp_path: Path, existing: str, pattern: str) -> None:
    project = project_of(tmp_path, {existing: ""})
    written = SOURCE.new(project, "Add VAT!", Options())
    assert [path.name.split(".", 1)[1] for path in written] == ["up.sql", "down.sql"]
    assert re.fullmatch(pattern, written[0].name.split(".")[0])


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

"""dbmate: sections, text order, the table of versions, settings, and the schema file."""

import re
from pathlib import Path

import pytest

from midair.database import Guard, Session, open_session
from midair.errors import BadMigration, DuplicateRevision, ForeignHistory, HistoryDiverged
from midair.model.address import Address, Product, Secret
from midair.model.migration import Applied, Direction, RevisionId, State
from midair.model.statement import Sql
from midair.sources.source import Options, Project, Work
from midair.sources.tools.dbmate import SOURCE
from midair.sources.tools.dbmate.schema_file import schema_file
from tests.sources.reading import project_in, sent
from tests.sources.scratch import NO_SCRATCH

EMPTY = "-- migrate:up\n\n-- migrate:down\n"
USERS = "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE users;\n"


def project_of(
    root: Path, files: dict[str, str], variables: dict[str, str] | None = None, **tool: str
) -> Project:
    return project_in(root, SOURCE, files, variables or {}, tool)


def blocks_of(
    root: Path, text: str, direction: Direction = Direction.UP, product: Product = Product.POSTGRESQL
) -> list[tuple[bool, list[str]]]:
    project = project_of(root, {"db/migrations/0_known.sql": EMPTY, "db/migrations/1_x.sql": text})
    work = Work(project.migrations, direction, (), product)
    script = SOURCE.scripts(project, work, NO_SCRATCH, Options()).by_revision[RevisionId("1")]
    return sent(script)


def test_files_run_in_the_text_order_of_their_names_over_all_folders(tmp_path: Path) -> None:
    files = {"a/1_a.sql": EMPTY, "b/10_b.sql": EMPTY, "b/2.sql": EMPTY, "a/01_c.sql": EMPTY, "a/x.sql": EMPTY}
    project = project_of(tmp_path, files, {"DBMATE_MIGRATIONS_DIR": "a,b"})
    assert [each.revision for each in project.migrations] == ["01", "10", "1", "2"]
    assert [each.description for each in project.migrations] == ["c", "b", "a", ""]


def test_two_files_with_the_same_digits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DuplicateRevision, match=r"a/1_a\.sql and b/1_b\.sql are both version 1"):
        project_of(tmp_path, {"a/1_a.sql": EMPTY, "b/1_b.sql": EMPTY}, {"DBMATE_MIGRATIONS_DIR": "a,b"})


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        (
            "-- head\n\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2",
            [(True, ["4 SELECT 1"])],
            [(True, ["6 SELECT 2"])],
        ),
        ("--migrate:up\nSELECT 1;\n--  migrate:down\n", [(True, ["2 SELECT 1"])], []),
        ("-- migrate:up transaction:true\nSELECT 1;\n-- migrate:down", [(True, ["2 SELECT 1"])], []),
        (
            "-- migrate:up a:b transaction:false\nVACUUM;\n-- migrate:down transaction:false\nSELECT 1;SELECT 2;",
            [(False, ["2 VACUUM"])],
            [(True, ["4 SELECT 1", "4 SELECT 2"])],
        ),
        ("-- migrate:up\nBEGIN; SELECT 1; COMMIT;\n-- migrate:down\n", [(True, ["2 SELECT 1"])], []),
        ("-- migrate:up\r\nSELECT 1;\r\n-- migrate:down\r\n", [(True, ["2 SELECT 1"])], []),
    ],
)
def test_sections_hold_statements_with_their_lines_in_the_file(
    tmp_path: Path, text: str, up: list[tuple[bool, list[str]]], down: list[tuple[bool, list[str]]]
) -> None:
    assert blocks_of(tmp_path, text) == up
    assert blocks_of(tmp_path, text, Direction.DOWN) == down


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- migrate:down\n", r":1 has no line `-- migrate:up`"),
        ("-- migrate:up\n", r":1 has no line `-- migrate:down`"),
        ("  -- migrate:up\n-- migrate:down\n", r":1 has no line `-- migrate:up`"),
        ("-- migrate:down\n-- migrate:up\n", r":1 has `-- migrate:down` before up"),
        ("\nSELECT 1;\n-- migrate:up\n-- migrate:down\n", r":2 has SQL before"),
        (EMPTY + EMPTY, r":4 begins a second pair"),
        ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", r":3 begins a second pair"),
        ("-- migrate:up\nSELECT 1;\nVACUUM;\n-- migrate:down\n", r":3 cannot run in a transaction"),
        ("-- migrate:up transaction:false\nSELECT 1;\nVACUUM;\n-- migrate:down\n", r":3 cannot run beside"),
        ("-- migrate:up\nSELECT 1;\nCOMMIT;\nSELECT 2;\n-- migrate:down\n", r":3 COMMIT would end"),
    ],
)
def test_a_file_that_dbmate_would_fail_on_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BadMigration, match=r"db/migrations/1_x\.sql" + message):
        blocks_of(tmp_path, text)


def test_sqlite_commits_each_statement_of_a_section_without_transaction(tmp_path: Path) -> None:
    text = "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n-- migrate:down\n"
    assert [atomic for atomic, _ in blocks_of(tmp_path, text, product=Product.SQLITE)] == [False]


def test_versions_are_kept_as_text_and_read_in_the_order_of_the_files(
    tmp_path: Path, either: Session
) -> None:
    files = {f"db/migrations/{name}.sql": EMPTY for name in ("1_b", "10_a", "02_c")}
    project = project_of(tmp_path, files)
    history = project.history
    assert history.read(either) == ()
    either.run(history.create(either), atomic=True)
    assert history.create(either) == ()
    for marks in history.record(either, project.migrations, ()):
        either.run(marks.within, atomic=True)
    assert [row.revision for row in history.read(either)] == ["02", "10", "1"]
    either.run(history.forget(either, project.migrations[1:2], ())[0].within, atomic=True)
    assert [row.revision for row in history.read(either)] == ["02", "1"]
    assert history.lock(either) is None


@pytest.mark.parametrize(
    ("variables", "tool", "place"),
    [
        ({}, {}, ("public", "schema_migrations")),
        ({}, {"migrations_table": "ops.done"}, ("ops", "done")),
        ({"DBMATE_MIGRATIONS_TABLE": "Done"}, {}, ("public", "Done")),
        ({"DATABASE_URL": "postgres://h/d?search_path=app,public"}, {}, ("app", "schema_migrations")),
    ],
)
def test_the_table_and_a_missing_schema_are_created_where_dbmate_looks(
    tmp_path: Path, session: Session, variables: dict[str, str], tool: dict[str, str], place: tuple[str, str]
) -> None:
    project = project_of(tmp_path, {"db/migrations/1_a.sql": USERS}, variables, **tool)
    session.run(project.history.create(session), atomic=True)
    session.run(project.history.record(session, project.migrations, ())[0].within, atomic=True)
    assert session.query(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'"
    ) == [place]
    assert [row.revision for row in project.history.read(session)] == ["1"]


@pytest.mark.parametrize(
    "ddl",
    [
        ["CREATE TABLE schema_migrations (version bigint primary key, dirty boolean)"],
        [
            "CREATE TABLE schema_migrations (version varchar(128) primary key)",
            "CREATE TABLE ar_internal_metadata (key varchar(9))",
        ],
    ],
)
def test_a_table_of_golang_migrate_or_rails_is_not_touched(
    tmp_path: Path, either: Session, ddl: list[str]
) -> None:
    either.run([Sql(text) for text in ddl], atomic=True)
    with pytest.raises(ForeignHistory, match="another tool's"):
        project_of(tmp_path, {"db/migrations/1_a.sql": USERS}).history.read(either)


def states(project: Project, *versions: str) -> list[tuple[str, State, str | None]]:
    applied = [Applied(RevisionId(version)) for version in versions]
    return [(each.revision, each.state, each.word) for each in SOURCE.compare(project, applied)]


THREE = {f"db/migrations/{number}_x.sql": EMPTY for number in (1, 2, 3)}


def test_what_is_not_in_the_table_is_pending_in_any_order_and_lost_files_are_ignored(tmp_path: Path) -> None:
    assert states(project_of(tmp_path, THREE), "0", "3") == [
        ("1", State.PENDING, None),
        ("2", State.PENDING, None),
        ("3", State.APPLIED, None),
        ("0", State.APPLIED, "no file"),
    ]


def test_strict_refuses_a_pending_version_below_an_applied_one(tmp_path: Path) -> None:
    project = project_of(tmp_path, THREE, {"DBMATE_STRICT": "true"})
    with pytest.raises(HistoryDiverged, match=r"db/migrations/2_x\.sql is pending although 3 is applied"):
        states(project, "1", "3")
    assert [state for _, state, _ in states(project, "1", "2")] == [
        State.APPLIED,
        State.APPLIED,
        State.PENDING,
    ]


@pytest.mark.parametrize(
    ("variables", "dotenv", "tool", "expected", "origin"),
    [
        (
            {"DATABASE_URL": "postgres://u:p@h:5433/d?sslmode=disable"},
            "DATABASE_URL=postgres://h/other",
            {},
            "postgresql://u@h:5433/d",
            "DATABASE_URL",
        ),
        (
            {"NAME": "shop"},
            "DATABASE_URL=postgres://u@h/${NAME}",
            {},
            "postgresql://u@h/shop",
            "DATABASE_URL in .env",
        ),
        ({"OTHER": "postgres://h/o"}, "", {"env": "OTHER"}, "postgresql://h/o", "OTHER"),
        ({"DATABASE_URL": "sqlite:db/app.db"}, "", {}, "sqlite:ROOT/db/app.db", "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///tmp/app.db"}, "", {}, "sqlite:/tmp/app.db", "DATABASE_URL"),
        ({}, "", {}, "None", None),
    ],
)
def test_the_database_is_the_one_dbmate_would_use(
    tmp_path: Path,
    variables: dict[str, str],
    dotenv: str,
    tool: dict[str, str],
    expected: str,
    origin: str | None,
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    project = project_of(tmp_path, THREE, variables, **tool)
    assert (str(project.address), project.origin) == (expected.replace("ROOT", str(tmp_path)), origin)


def test_a_search_path_in_the_url_reaches_the_server(tmp_path: Path, database: Address) -> None:
    url = f"postgres://{database.user}@/{database.database}?socket={database.host}&search_path=app,%20public"
    address = project_of(tmp_path, THREE, {"DATABASE_URL": url}).address
    assert address is not None
    session = open_session(address, Guard(), "midair tests")
    assert session.query("SHOW search_path") == [("app,public",)]
    session.close()


def test_passwords_do_not_show(tmp_path: Path) -> None:
    address = project_of(tmp_path, THREE, {"DATABASE_URL": "postgres://u:hunter2@h/d"}).address
    assert address is not None
    assert address.password == Secret("hunter2")
    assert "hunter2" not in repr(address)


def test_a_new_file_has_both_sections_and_the_time_as_its_number(tmp_path: Path) -> None:
    written = SOURCE.new(project_of(tmp_path, THREE), "Add users", Options())
    assert re.fullmatch(r"20\d{12}_add_users\.sql", written[0].name)
    assert written[0].read_text() == "-- migrate:up\n\n\n-- migrate:down\n\n"


def test_the_schema_file_loses_its_header_and_trailing_blanks_and_gains_the_versions() -> None:
    dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict dbmate\n\n-- Dumped from database version 18\n\nCREATE TABLE t (\n    i int  \n);\n"
    assert schema_file(dump, "public.schema_migrations", ["2", "1"]) == (
        "\\restrict dbmate\n\n-- Dumped from database version 18\n\nCREATE TABLE t (\n    i int\n);\n"
        "\n--\n-- Dbmate schema migrations\n--\n\n"
        "INSERT INTO public.schema_migrations (version) VALUES\n    ('1'),\n    ('2');\n"
    )
    assert schema_file("CREATE TABLE t (i int);\n", '"schema_migrations"', ["1"], Product.SQLITE) == (
        "CREATE TABLE t (i int);\n-- Dbmate schema migrations\n"
        "INSERT INTO \"schema_migrations\" (version) VALUES\n  ('1');\n"
    )

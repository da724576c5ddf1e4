"""goose: annotations, the cut by lines, the table with its row 0, settings."""

import re
from pathlib import Path

import pytest

from midair.database import Session
from midair.errors import (
    BadMigration,
    BadSetting,
    DuplicateRevision,
    ForeignHistory,
    HistoryDiverged,
    NotSet,
    Unsupported,
)
from midair.model.address import Product
from midair.model.migration import Applied, Direction, RevisionId, State
from midair.model.statement import Sql
from midair.sources.source import Options, Project, Work
from midair.sources.tools.goose import SOURCE
from tests.sources.reading import project_in, sent
from tests.sources.scratch import NO_SCRATCH

UP = "-- +goose Up\nSELECT 1;\n"


def project_of(
    root: Path, files: dict[str, str], variables: dict[str, str] | None = None, **tool: str
) -> Project:
    return project_in(
        root, SOURCE, {f"migrations/{name}": text for name, text in files.items()}, variables or {}, tool
    )


def blocks_of(
    root: Path,
    text: str,
    direction: Direction = Direction.UP,
    product: Product = Product.POSTGRESQL,
    **variables: str,
) -> list[tuple[bool, list[str]]]:
    project = project_of(root, {"9_known.sql": UP, "1_x.sql": text})
    work = Work(project.migrations[:1], direction, (), product)
    script = SOURCE.scripts(project, work, NO_SCRATCH, Options(variables=variables)).by_revision[
        RevisionId("1")
    ]
    return sent(script)


BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1;\nEND $$;"


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        (
            "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n",
            [(True, ["2 SELECT 1"])],
            [(True, ["4 SELECT 2"])],
        ),
        (
            "-- +goose up\n-- why\n\nSELECT\n -- inside\n 1; -- done\n",
            [(True, ["4 SELECT\n -- inside\n 1"])],
            [],
        ),
        ("\n--+goose Up\nSELECT 1; SELECT 2;\n", [(True, ["3 SELECT 1", "3 SELECT 2"])], []),
        (
            f"-- +goose Up\n-- +goose StatementBegin\n{BODY}\n-- +goose StatementEnd\nSELECT 2;\n",
            [(True, [f"3 {BODY[:-1]}", "8 SELECT 2"])],
            [],
        ),
        (
            "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\nSELECT 1;\n",
            [(False, ["3 VACUUM", "4 SELECT 1"])],
            [],
        ),
        (
            "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nVACUUM;\n",
            [(True, ["3 SELECT 1"])],
            [(False, ["5 VACUUM"])],
        ),
        (
            "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1; SELECT 2;\nVACUUM;\n",
            [(True, ["3 SELECT 1", "3 SELECT 2"]), (False, ["4 VACUUM"])],
            [],
        ),
        (
            "-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\nSELECT 2;\r\n",
            [(True, ["2 SELECT 1"])],
            [(True, ["4 SELECT 2"])],
        ),
        ("-- +goose Up\n", [], []),
    ],
)
def test_statements_are_cut_as_goose_cuts_them(
    tmp_path: Path, text: str, up: list[tuple[bool, list[str]]], down: list[tuple[bool, list[str]]]
) -> None:
    assert blocks_of(tmp_path, text) == up
    assert blocks_of(tmp_path, text, Direction.DOWN) == down


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n", r":1 has SQL before `-- \+goose Up`"),
        ("-- nothing\n", r":1 has no annotation `-- \+goose Up`"),
        ("-- +goose Down\n", r":1 has `-- \+goose Down` out of place"),
        ("-- +goose Up\n-- +goose Up\n", r":2 is a second"),
        ("-- +goose Up\n\nSELECT 1\n", r":3 begins a statement that does not end"),
        ("-- +goose Up\nSELECT 1\n-- +goose Down\n", r":2 begins a statement that does not end"),
        ("-- +goose Up\n -- +goose Down\n", r":2 has an annotation with blanks in front"),
        ("-- +goose Up\n-- +goose Upwards\n", r":2 has the annotation 'Upwards'"),
        ("-- +goose StatementBegin\n", r":1 has StatementBegin out of place"),
        ("-- +goose Up\n-- +goose StatementEnd\n", r":2 has StatementEnd without"),
        (
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n",
            r":2 has StatementBegin without StatementEnd",
        ),
        (f"-- +goose Up\n{BODY}\n", r":2 "),
        ("-- +goose Up\nSELECT 1;\nVACUUM;\n", r":3 cannot run in a transaction"),
        ("-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1; VACUUM;\n", r":3 cannot run beside"),
        (f"-- +goose Up\nSELECT '{'x' * 4 * 1024 * 1024}';\n", r":2 is longer than 4 MB"),
    ],
)
def test_a_file_that_goose_would_fail_on_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BadMigration, match=r"migrations/1_x\.sql" + message):
        blocks_of(tmp_path, text)


def test_a_broken_down_does_not_keep_goose_from_going_up(tmp_path: Path) -> None:
    text = "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE x\n"
    assert blocks_of(tmp_path, text) == [(True, ["2 SELECT 1"])]
    with pytest.raises(BadMigration, match=":4 begins a statement"):
        blocks_of(tmp_path, text, Direction.DOWN)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("$ROLE", "app"),
        ("${ROLE}_x", "app_x"),
        ("${NONE:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${ROLE:1}", "pp"),
        ("${ROLE:0:2}", "ap"),
        ("${ROLE:?gone}", "app"),
        ("$$x \\$y", "$x $y"),
    ],
)
def test_envsub_expands_as_goose_does(tmp_path: Path, written: str, sent: str) -> None:
    text = (
        f"-- +goose Up\n-- +goose ENVSUB ON\nSELECT '{written}';\n-- +goose ENVSUB OFF\nSELECT '{written}';\n"
    )
    assert blocks_of(tmp_path, text, ROLE="app", EMPTY="") == [
        (True, [f"3 SELECT '{sent}'", f"5 SELECT '{written}'"])
    ]


def test_envsub_without_a_value_names_variable_and_line(tmp_path: Path) -> None:
    with pytest.raises(NotSet, match=r"migrations/1_x\.sql:3 \$\{ROLE\} is not set"):
        blocks_of(tmp_path, "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '$ROLE';\n")


def test_versions_are_numbers_and_go_files_count_too(tmp_path: Path) -> None:
    files = {
        "00010_b.sql": UP + "-- +goose Down\n",
        "2_a.sql": UP,
        "00003_c.go": "",
        "helpers.go": "",
        "4_d_test.go": "",
        "notes.txt": "",
    }
    project = project_of(tmp_path, files)
    assert [(each.revision, each.kind, each.reversible) for each in project.migrations] == [
        ("2", "SQL", False),
        ("3", "GO", True),
        ("10", "SQL", True),
    ]
    assert ["migrations/00003_c.go" in warning for warning in project.warnings] == [True]


def test_a_pending_go_migration_is_refused_with_the_way_on(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_a.sql": UP, "2_b.go": ""})
    run = Work(project.migrations, Direction.UP, (), Product.POSTGRESQL)
    with pytest.raises(Unsupported, match=r"migrations/2_b\.go is a Go program") as refused:
        SOURCE.scripts(project, run, NO_SCRATCH, Options())
    assert "up-to 2" in (refused.value.hint or "")
    before = Work(project.migrations[:1], Direction.UP, (), Product.POSTGRESQL)
    assert len(SOURCE.scripts(project, before, NO_SCRATCH, Options()).by_revision) == 1


@pytest.mark.parametrize("name", ["notes.sql", "x_1.sql", "0_zero.sql", "-1_minus.sql", "1.sql"])
def test_an_sql_file_without_a_number_is_refused_as_goose_does(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadMigration, match=rf"migrations/{re.escape(name)}:1 has no number above 0"):
        project_of(tmp_path, {"7_known.sql": UP, name: UP})


def test_leading_zeros_do_not_make_another_version(tmp_path: Path) -> None:
    with pytest.raises(DuplicateRevision, match="are both version 1"):
        project_of(tmp_path, {"1_a.sql": UP, "00001_b.sql": UP})


THREE = {"1_a.sql": UP, "2_b.sql": UP, "10_c.sql": UP}


def test_the_table_begins_with_row_0_and_gains_and_loses_a_row_a_version(
    tmp_path: Path, either: Session
) -> None:
    project = project_of(tmp_path, THREE)
    history = project.history
    assert history.read(either) == ()
    either.run(history.create(either), atomic=True)
    assert history.create(either) == ()
    assert either.query("SELECT version_id, is_applied FROM goose_db_version") == [(0, 1)]
    assert history.read(either) == ()
    for marks in history.record(either, project.migrations, ()):
        either.run(marks.within, atomic=True)
    rows = history.read(either)
    assert [row.revision for row in rows] == ["1", "2", "10"]
    assert all(row.applied_at for row in rows)
    either.run(history.forget(either, project.migrations[2:], rows)[0].within, atomic=True)
    assert [row.revision for row in history.read(either)] == ["1", "2"]


def test_the_newest_row_of_a_version_counts(tmp_path: Path, either: Session) -> None:
    history = project_of(tmp_path, THREE).history
    either.run(history.create(either), atomic=True)
    insert = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (%s, %s)"
    either.run([Sql(insert, (1, True)), Sql(insert, (2, True)), Sql(insert, (2, False))], atomic=True)
    assert [row.revision for row in history.read(either)] == ["1"]


@pytest.mark.parametrize(
    ("table", "place"),
    [("ops.Done", ("ops", "done")), ('"Ops"."Done"', ("Ops", "Done")), ("done", ("public", "done"))],
)
def test_the_tables_name_is_folded_as_the_server_does_for_goose(
    tmp_path: Path, session: Session, table: str, place: tuple[str, str]
) -> None:
    project = project_of(tmp_path, THREE, {"GOOSE_TABLE": table})
    session.run(
        [Sql("CREATE SCHEMA ops"), Sql('CREATE SCHEMA "Ops"'), *project.history.create(session)], atomic=True
    )
    assert session.query("SELECT schemaname, tablename FROM pg_tables WHERE tablename ILIKE 'done'") == [
        place
    ]


def test_a_table_name_that_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="history table"):
        project_of(tmp_path, THREE, {"GOOSE_TABLE": "x; DROP TABLE y"})


def test_a_table_of_another_shape_is_not_touched(tmp_path: Path, either: Session) -> None:
    either.run([Sql("CREATE TABLE goose_db_version (version int)")], atomic=True)
    with pytest.raises(ForeignHistory, match="version_id"):
        project_of(tmp_path, THREE).history.read(either)


def test_the_lock_is_the_one_of_gooses_session_locker(tmp_path: Path, session: Session) -> None:
    lock = project_of(tmp_path, THREE).history.lock(session)
    assert lock is not None
    assert (lock.keys, lock.lone_builds) == ((4097083626,), False)


def applied(*versions: int) -> list[Applied]:
    return [Applied(RevisionId(str(version)), order=order) for order, version in enumerate(versions, 1)]


def test_a_file_below_the_highest_applied_version_is_refused_unless_missing_ones_are_allowed(
    tmp_path: Path,
) -> None:
    with pytest.raises(HistoryDiverged, match=r"migrations/2_b\.sql: pending below version 10"):
        SOURCE.compare(project_of(tmp_path, THREE), applied(1, 10))
    project = project_of(tmp_path, THREE, allow_missing="true")
    standings = [(each.revision, each.state) for each in SOURCE.compare(project, applied(1, 10))]
    assert standings == [("1", State.APPLIED), ("2", State.PENDING), ("10", State.APPLIED)]


def test_an_applied_version_without_a_file_does_not_stop_the_way_up_but_the_way_down(
    tmp_path: Path, session: Session
) -> None:
    project = project_of(tmp_path, THREE)
    assert [(each.revision, each.state, each.word) for each in SOURCE.compare(project, applied(1, 2, 3))][
        2:
    ] == [
        ("3", State.APPLIED, "no file"),
        ("10", State.PENDING, None),
    ]
    with pytest.raises(HistoryDiverged, match="version 3 was applied later"):
        project.history.forget(session, project.migrations[1:2], applied(1, 2, 3))


@pytest.mark.parametrize(
    ("driver", "dbstring", "expected"),
    [
        ("postgres", "user=u password=p host=h dbname=d sslmode=disable", "postgresql://u@h/d"),
        ("pgx", "postgres://u:p@h:5433/d?search_path=app", "postgresql://u@h:5433/d"),
        ("sqlite3", "./app.db", "sqlite:ROOT/app.db"),
        ("clickhouse", "tcp://h", "None"),
    ],
)
def test_the_database_is_the_one_goose_would_use(
    tmp_path: Path, driver: str, dbstring: str, expected: str
) -> None:
    (tmp_path / ".env").write_text(f"GOOSE_DRIVER={driver}\nGOOSE_DBSTRING='{dbstring}'\n")
    project = project_of(tmp_path, THREE)
    assert str(project.address) == expected.replace("ROOT", str(tmp_path))
    assert project.origin == (None if expected == "None" else "GOOSE_DBSTRING in .env")


@pytest.mark.parametrize(
    ("existing", "pattern"), [("00011_x.sql", "00012_add_vat"), ("20240101000000_x.sql", r"20\d{12}_add_vat")]
)
def test_new_files_are_numbered_as_the_folder_counts(tmp_path: Path, existing: str, pattern: str) -> None:
    written = SOURCE.new(project_of(tmp_path, {existing: UP}), "Add VAT", Options())
    assert re.fullmatch(pattern, written[0].stem)
    assert blocks_of(tmp_path, written[0].read_text()) == []

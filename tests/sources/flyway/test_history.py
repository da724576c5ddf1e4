"""The history table on real databases: its SQL, the rows, what is read back."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest

from midair.database import Guard, Session, open_session
from midair.errors import ForeignHistory, Refused, UnknownRevision
from midair.model.address import Address, Product
from midair.model.migration import Applied, RevisionId
from midair.model.statement import Sql
from midair.sources.history import Marks
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.local import FlywayProject

from .projects import project_in


@pytest.fixture(params=["postgresql", "sqlite"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Session]:
    if request.param == "sqlite":
        opened = open_session(Address(Product.SQLITE, str(tmp_path / "app.db")), Guard(), "midair tests")
    else:
        opened = open_session(request.getfixturevalue("database"), Guard(), "midair tests")
    yield opened
    opened.close()


def read_back(project: FlywayProject, session: Session) -> list[tuple[object, ...]]:
    return [
        (row.order, row.revision, row.kind, row.description, row.checksum, row.success)
        for row in project.history.read(session)
    ]


def prepare(project: FlywayProject, session: Session) -> None:
    session.run(project.history.create(session), atomic=True)


def write_marks(session: Session, marks: Sequence[Marks]) -> None:
    for mark in marks:
        session.run(mark.within, atomic=True)


def record(project: FlywayProject, session: Session, *wanted: str) -> None:
    migrations = [each for each in project.migrations if not wanted or each.revision in wanted]
    write_marks(session, project.history.record(session, migrations, project.history.read(session)))


def test_rows_are_written_and_read_back(tmp_path: Path, base: Session) -> None:
    files = {
        "flyway.conf": "",
        "sql/V1_0__a.sql": "DROP TABLE orders;",
        "sql/R__v.sql": "select 1;",
        "sql/V2.sql": "",
    }
    project = project_in(tmp_path, files)
    assert project.history.read(base) == ()
    prepare(project, base)
    assert project.history.create(base) == ()
    record(project, base)
    assert read_back(project, base) == [
        (1, "1.0", "SQL", "a", "392885628", True),
        (2, "2", "SQL", "", "0", True),
        (3, "R:v", "SQL", "v", project.migrations[-1].checksum, True),
    ]
    first = project.history.read(base)[0]
    assert first.applied_at is not None
    assert first.applied_by == (
        "" if base.product is Product.SQLITE else base.query("SELECT current_user")[0][0]
    )
    columns = base.query("SELECT script, execution_time FROM flyway_schema_history WHERE installed_rank = 1")
    assert columns[0][0] == "V1_0__a.sql"
    assert 0 <= columns[0][1] < 10_000
    assert [each.word for each in SOURCE.compare(project, project.history.read(base))] == ["Success"] * 3


def test_a_stored_version_is_the_file_with_an_equal_one(tmp_path: Path, base: Session) -> None:
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1.0__a.sql": "select 1;"})
    prepare(project, base)
    record(project, base)
    base.run([Sql("UPDATE flyway_schema_history SET version = '01'")], atomic=True)
    assert [row.revision for row in project.history.read(base)] == ["1.0"]


def test_long_texts_are_cut_as_flyway_cuts_them(tmp_path: Path, base: Session) -> None:
    name = f"V1__{'d' * 205}.sql"
    project = project_in(tmp_path, {"flyway.conf": "", f"sql/{name}": "select 1;"})
    prepare(project, base)
    record(project, base)
    row = project.history.read(base)[0]
    assert row.description == "d" * 197 + "..."
    assert [each.word for each in SOURCE.compare(project, [row])] == ["Success"]


def test_a_failed_row_is_replaced_by_the_next_success(tmp_path: Path, base: Session) -> None:
    conf = "flyway.postgresql.transactional.lock=false\nflyway.installedBy=me\n"
    project = project_in(tmp_path, {"flyway.conf": conf, "sql/V1__a.sql": "select 1;"})
    prepare(project, base)
    marks = project.history.record(base, project.migrations, ())
    base.run(marks[0].on_failure, atomic=True)
    assert [(row.success, row.applied_by) for row in project.history.read(base)] == [(False, "me")]
    record(project, base)
    assert [(row.order, row.success) for row in project.history.read(base)] == [(1, True)]


def test_flyways_default_lock_leaves_no_failed_row_on_postgresql(tmp_path: Path, session: Session) -> None:
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": "select 1;"})
    assert project.history.record(session, project.migrations, ())[0].on_failure == ()


UNDOABLE = {
    "flyway.conf": "",
    "sql/V1__a.sql": "select 1;",
    "sql/V2__b.sql": "select 2;",
    "sql/U2__c.sql": "select -2;",
}


def test_taking_back_removes_the_row(tmp_path: Path, base: Session) -> None:
    project = project_in(tmp_path, UNDOABLE)
    prepare(project, base)
    record(project, base)
    write_marks(base, project.history.forget(base, project.migrations[1:], project.history.read(base)))
    assert [row.revision for row in project.history.read(base)] == ["1"]


def test_taking_back_adds_an_undo_row_where_the_team_has_them(tmp_path: Path, base: Session) -> None:
    project = project_in(tmp_path, UNDOABLE)
    prepare(project, base)
    record(project, base)
    old = "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)"
    base.run([Sql(f"{old} VALUES (3, '9', 'x', 'UNDO_SQL', 'U9__x.sql', 'x', 0, %s)", (True,))], atomic=True)
    write_marks(base, project.history.forget(base, project.migrations[1:], project.history.read(base)))
    last = project.history.read(base)[-1]
    assert (last.revision, last.kind, last.description, last.order) == ("2", "UNDO_SQL", "c", 4)
    assert last.checksum == str(next(iter(project.undos.values())).checksum)
    states = {
        each.word for each in SOURCE.compare(project, project.history.read(base)) if each.revision == "2"
    }
    assert states == {"Undone", "Success", "Pending"}


def test_another_tools_table_is_refused(tmp_path: Path, base: Session) -> None:
    base.run([Sql("CREATE TABLE flyway_schema_history (id integer, name text)")], atomic=True)
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": "select 1;"})
    with pytest.raises(ForeignHistory, match="has the columns id, name"):
        project.history.read(base)


def test_a_table_of_flyway_3_is_refused_with_the_way_on(tmp_path: Path, base: Session) -> None:
    base.run([Sql("CREATE TABLE schema_version (version_rank integer, installed_rank integer)")], atomic=True)
    project = project_in(
        tmp_path, {"flyway.conf": "flyway.table=schema_version\n", "sql/V1__a.sql": "select 1;"}
    )
    with pytest.raises(ForeignHistory, match="Flyway 3 or before") as refused:
        project.history.read(base)
    assert "Flyway 4 or 5" in (refused.value.hint or "")


def test_a_database_with_tables_and_no_history_is_refused_as_flyway_refuses_it(
    tmp_path: Path, base: Session
) -> None:
    base.run([Sql("CREATE TABLE pet (id integer)")], atomic=True)
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": "select 1;"})
    assert project.history.read(base) == ()
    with pytest.raises(Refused, match="Found non-empty schema") as refused:
        project.history.record(base, project.migrations, ())
    assert "midair stamp" in (refused.value.hint or "")


def test_baseline_on_migrate_skips_what_is_there(tmp_path: Path, base: Session) -> None:
    base.run([Sql("CREATE TABLE pet (id integer)")], atomic=True)
    conf = "flyway.baselineOnMigrate=true\nflyway.baselineVersion=2\n"
    files = {"flyway.conf": conf, **{f"sql/V{number}__x.sql": "select 1;" for number in (1, 2, 3)}}
    project = project_in(tmp_path, files)
    before = project.history.read(base)
    pending = [each.revision for each in SOURCE.compare(project, before) if each.word == "Pending"]
    assert pending == ["3"]
    prepare(project, base)
    assert read_back(project, base) == [(1, "2", "BASELINE", "<< Flyway Baseline >>", None, True)]
    assert [row.revision for row in before] == [row.revision for row in project.history.read(base)]


def test_baseline_on_migrate_writes_no_row_on_an_empty_database(tmp_path: Path, base: Session) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "flyway.baselineOnMigrate=true\n", "sql/V1__x.sql": "select 1;"}
    )
    assert project.history.read(base) == ()
    prepare(project, base)
    assert project.history.read(base) == ()


def test_missing_schemas_are_made_and_noted(tmp_path: Path, session: Session) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": 'flyway.schemas=app,au"dit,public\n', "sql/V1__x.sql": "select 1;"}
    )
    assert project.history.table == "app.flyway_schema_history"
    prepare(project, session)
    record(project, session)
    assert session.query(
        "SELECT installed_rank, version, type, script FROM app.flyway_schema_history ORDER BY 1"
    ) == [
        (0, None, "SCHEMA", '"app","au""dit"'),
        (1, "1", "SQL", "V1__x.sql"),
    ]
    assert [each.word for each in SOURCE.compare(project, project.history.read(session))] == [
        "Success",
        "Success",
    ]


def test_a_missing_schema_is_refused_where_flyway_may_not_make_it(tmp_path: Path, session: Session) -> None:
    conf = "flyway.schemas=app\nflyway.createSchemas=false\n"
    project = project_in(tmp_path, {"flyway.conf": conf, "sql/V1__x.sql": "select 1;"})
    with pytest.raises(Refused, match='"app" does not exist'):
        project.history.create(session)


def test_the_table_is_made_as_flyway_makes_it(tmp_path: Path, session: Session) -> None:
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__x.sql": "select 1;"})
    prepare(project, session)
    indexes = session.query(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'flyway_schema_history' ORDER BY 1"
    )
    assert [name for (name,) in indexes] == ["flyway_schema_history_pk", "flyway_schema_history_s_idx"]


def test_the_lock_is_that_of_the_sessions_schema(tmp_path: Path, session: Session) -> None:
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__x.sql": "select 1;"})
    lock = project.history.lock(session)
    assert lock is not None
    assert lock.keys == (77433833903597,)


def test_sqlite_has_no_lock_of_flyways(tmp_path: Path, sqlite_file: Address) -> None:
    opened = open_session(sqlite_file, Guard(), "midair tests")
    project = project_in(tmp_path / "p", {"flyway.conf": "", "sql/V1__x.sql": "select 1;"})
    assert project.history.lock(opened) is None
    opened.close()


def test_a_baseline_is_one_row_at_the_newest_version(tmp_path: Path, base: Session) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "", "sql/V1__x.sql": ";", "sql/V2_1__x.sql": ";", "sql/R__r.sql": ";"}
    )
    baseline = SOURCE.baseline
    assert baseline is not None
    prepare(project, base)
    base.run(baseline(base, project), atomic=True)
    assert read_back(project, base) == [(1, "2.1", "BASELINE", "<< Flyway Baseline >>", None, True)]
    with pytest.raises(Refused, match="Unable to baseline schema history table"):
        baseline(base, project)


def test_a_baseline_needs_a_version(tmp_path: Path, base: Session) -> None:
    baseline = SOURCE.baseline
    assert baseline is not None
    with pytest.raises(UnknownRevision):
        baseline(base, project_in(tmp_path, {"flyway.conf": "", "sql/R__r.sql": ";"}))


@pytest.fixture
def repaired(base: Session) -> Callable[[FlywayProject], list[str]]:
    def run(project: FlywayProject) -> list[str]:
        assert SOURCE.repair is not None
        pairs = SOURCE.repair(base, project, project.history.read(base))
        base.run([sql for _, sql in pairs], atomic=True)
        return [sentence for sentence, _ in pairs]

    return run


def test_repair_removes_marks_and_aligns(
    tmp_path: Path, base: Session, repaired: Callable[[FlywayProject], list[str]]
) -> None:
    files = {f"sql/V{number}__x.sql": f"select {number};" for number in (1, 2, 3)}
    project = project_in(tmp_path, {"flyway.conf": "", **files})
    prepare(project, base)
    record(project, base)
    base.run(
        [Sql("UPDATE flyway_schema_history SET success = %s WHERE installed_rank = 3", (False,))], atomic=True
    )
    (tmp_path / "sql/V1__x.sql").unlink()
    (tmp_path / "sql/V2__x.sql").write_text("select 22;")
    project = project_in(tmp_path, {})
    said = repaired(project)
    assert [sentence.split(":")[0] for sentence in said] == [
        "removed failed migration 3",
        "marked missing migration 1 as deleted",
        "aligned the row of 2 with sql/V2__x.sql",
    ]
    words = [(each.revision, each.word) for each in SOURCE.compare(project, project.history.read(base))]
    assert words == [("1", "Deleted"), ("2", "Success"), ("3", "Pending")]
    assert repaired(project) == []


def test_repair_leaves_java_rows_and_future_rows_alone(
    tmp_path: Path, base: Session, repaired: Callable[[FlywayProject], list[str]]
) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "", "sql/V2__x.sql": "select 1;", "sql/V9__x.sql": "select 1;"}
    )
    prepare(project, base)
    record(project, base)
    (tmp_path / "sql/V9__x.sql").unlink()
    into = "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)"
    base.run(
        [Sql(f"{into} VALUES (3, '1', 'x', 'JDBC', 'db.migration.V1__x', 'x', 0, %s)", (True,))], atomic=True
    )
    assert repaired(project_in(tmp_path, {})) == []


def test_repair_writes_the_hash_after_placeholders(
    tmp_path: Path, base: Session, repaired: Callable[[FlywayProject], list[str]]
) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "flyway.placeholders.e=1\n", "sql/R__r.sql": "select ${e};"}
    )
    prepare(project, base)
    record(project, base)
    file = project.files[RevisionId("R:r")]
    base.run([Sql("UPDATE flyway_schema_history SET checksum = %s", (file.raw_checksum,))], atomic=True)
    assert [each.word for each in SOURCE.compare(project, project.history.read(base))] == ["Success"]
    assert len(repaired(project)) == 1
    rows: Sequence[Applied] = project.history.read(base)
    assert [row.checksum for row in rows] == [str(file.checksum)]

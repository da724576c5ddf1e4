"""DATABASECHANGELOG and its lock on real databases, without Java: applied, taken back, stamped, mended, locked."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import AlreadyRunning, BadMigration, HistoryDiverged, MigrationFailed, Unsupported
from midair.model.address import Address, Product
from midair.model.plan import RunStatement
from midair.model.statement import Sql
from tests.conftest import url_of
from tests.support.listening import Remembering

from .recorded import golden, laid_out

HEAD = '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">\n'
SHOP = """databaseChangeLog:
- changeSet:
    id: 1
    author: ann
    changes:
    - createTable:
        tableName: pet
        columns:
        - column: {name: id, type: int, constraints: {primaryKey: true, nullable: false}}
        - column: {name: name, type: varchar(20)}
- changeSet:
    id: 2
    author: ann
    changes:
    - createIndex: {tableName: pet, indexName: pet_name, columns: [{column: {name: name}}]}
- changeSet: {id: 3, author: ann, changes: [{tagDatabase: {tag: v1}}]}
- changeSet:
    id: 4
    author: ann
    preConditions: [{onFail: MARK_RAN}, {not: [{tableExists: {tableName: pet}}]}]
    changes: [{createTable: {tableName: pet, columns: [{column: {name: id, type: int}}]}}]
- changeSet:
    id: 5
    author: ann
    changes: [{sql: {sql: "insert into pet values (1, 'Rex')"}}]
    rollback: delete from pet
"""


@pytest.fixture(params=["postgresql", "sqlite"])
def address(request: pytest.FixtureRequest) -> Address:
    return request.getfixturevalue("database" if request.param == "postgresql" else "sqlite_file")


class Shop:
    """A project and its database, as a user of the library sees them."""

    def __init__(self, root: Path, address: Address, text: str = SHOP, name: str = "changelog.yaml") -> None:
        self.root, self.address, self.file = root, address, root / name
        self.file.write_text(text)

    def request(self, **tool: str) -> midair.Request:
        return midair.Request(self.root, url=url_of(self.address), tool_options=tool)

    def apply(self, target: str | None = None, **tool: str) -> int:
        return midair.apply(self.request(**tool), Remembering(), target).revisions

    def query(self, text: str) -> Sequence[tuple[object, ...]]:
        session = self.session()
        try:
            return session.query(text)
        finally:
            session.close()

    def run(self, text: str) -> None:
        session = self.session()
        session.run([Sql(text)], atomic=True)
        session.close()

    def session(self) -> Session:
        return open_session(self.address, Guard(), "an application")

    def rows(self) -> list[tuple[object, ...]]:
        return list(self.query("SELECT ID, EXECTYPE, TAG FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED"))


def test_each_changeset_is_applied_once_and_recorded_as_liquibase_records_it(
    tmp_path: Path, address: Address
) -> None:
    shop = Shop(tmp_path, address)
    assert shop.apply() == 5
    assert shop.rows() == [
        ("1", "EXECUTED", None), ("2", "EXECUTED", None), ("3", "EXECUTED", "v1"), ("4", "MARK_RAN", None), ("5", "EXECUTED", None),
    ]  # fmt: skip
    assert shop.apply() == 0
    assert len(shop.query("SELECT DISTINCT DEPLOYMENT_ID FROM DATABASECHANGELOG")) <= 2


def test_a_tag_says_how_far_to_go_and_to_come_back(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    assert shop.apply("v1") == 3
    shop.apply()
    midair.rollback(shop.request(), Remembering(), "v1")
    assert [name for name, *_ in shop.rows()] == ["1", "2"]
    midair.tag(shop.request(), Remembering(), "here")
    shop.apply()
    midair.rollback(shop.request(), Remembering(), "here", keep_target=True)
    assert shop.rows() == [("1", "EXECUTED", None), ("2", "EXECUTED", "here")]


def test_what_ran_since_a_moment_is_taken_back(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    shop.apply("+2")
    shop.run("UPDATE DATABASECHANGELOG SET DATEEXECUTED = '2020-01-01 10:00:00'")
    shop.apply()
    midair.rollback(shop.request(), Remembering(), "after:2020-01-01T10:00:00")
    assert [name for name, *_ in shop.rows()] == ["1", "2"]


def test_stamping_records_everything_as_run_whatever_preconditions_say(
    tmp_path: Path, address: Address
) -> None:
    shop = Shop(tmp_path, address)
    midair.stamp(shop.request(), Remembering(), "head")
    assert {kind for _, kind, _ in shop.rows()} == {"EXECUTED"}
    assert len(shop.rows()) == 5


def test_an_edited_changeset_stops_everything_until_it_is_accepted(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    shop.apply()
    shop.file.write_text(SHOP.replace("varchar(20)", "varchar(30)"))
    with pytest.raises(
        HistoryDiverged, match=r"changelog\.yaml:2 changelog\.yaml::1::ann was: 9:\w+ but is now: 9:"
    ):
        shop.apply()
    assert any("accepted" in line for line in midair.repair(shop.request(), Remembering()))
    assert shop.apply() == 0


def test_sums_of_version_8_stay_until_version_9_is_asked_for(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    shop.apply("+2", checksumVersion="8")
    shop.apply("+1")
    sums = "SELECT DISTINCT substr(MD5SUM, 1, 2) FROM DATABASECHANGELOG"
    assert shop.query(sums) == [("8:",)]
    shop.apply(checksumVersion="9")
    assert shop.query(sums) == [("9:",)]


def test_sums_are_upgraded_to_those_the_real_tool_upgraded_them_to(tmp_path: Path, database: Address) -> None:
    laid_out("core", tmp_path)
    shop = Shop(tmp_path, database, (tmp_path / "changelog.xml").read_text(), "changelog.xml")
    midair.stamp(shop.request(), Remembering(), "+1")
    shop.run("DELETE FROM databasechangelog")
    session = shop.session()
    for row in golden("v4.3.3/postgresql/core/databasechangelog.json"):
        values = tuple(
            row[name] for name in ("id", "author", "filename", "orderexecuted", "exectype", "md5sum")
        )
        text = "INSERT INTO databasechangelog (ID, AUTHOR, FILENAME, ORDEREXECUTED, EXECTYPE, MD5SUM, DATEEXECUTED) VALUES (%s, %s, %s, %s, %s, %s, now())"
        session.run([Sql(text, values)], atomic=True)
    project = midair.open_project(shop.request(checksumVersion="9"))[1]
    session.run(project.history.create(session), atomic=True)
    after = dict(
        session.query("SELECT FILENAME || '::' || ID || '::' || AUTHOR, MD5SUM FROM databasechangelog")
    )
    session.close()
    theirs = {
        f"{row['filename']}::{row['id']}::{row['author']}": row["md5sum"]
        for row in golden("upgrade/04-core-rows-after.json")
    }
    upgraded = {key for key, text in theirs.items() if text.startswith("9:") and after[key] == text}
    assert len(upgraded) >= 150
    assert all(after[key].startswith("8:") or key in upgraded for key in theirs)


def test_a_lock_that_somebody_holds_keeps_midair_out_and_nothing_is_changed(
    tmp_path: Path, address: Address
) -> None:
    shop = Shop(tmp_path, address)
    shop.apply("+1")
    true = "1" if address.product is Product.SQLITE else "TRUE"
    shop.run(
        f"UPDATE DATABASECHANGELOGLOCK SET LOCKED = {true}, LOCKEDBY = 'box (10.0.0.1)', LOCKGRANTED = CURRENT_TIMESTAMP"
    )
    with pytest.raises(AlreadyRunning, match=r"held by box \(10\.0\.0\.1\)"):
        shop.apply()
    assert len(shop.rows()) == 1
    lines = midair.repair(shop.request(), Remembering(), release_lock=True)
    assert lines[0].startswith("lock of box (10.0.0.1)")
    assert shop.apply() == 4


def test_a_lock_left_by_a_midair_that_is_gone_is_taken_over(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    shop.apply("+1")
    gone = os.fork()
    if not gone:
        os._exit(0)
    os.waitpid(gone, 0)
    true = "1" if address.product is Product.SQLITE else "TRUE"
    mark = f"midair {os.uname().nodename} (pid {gone}, backend 1)"
    shop.run(
        f"UPDATE DATABASECHANGELOGLOCK SET LOCKED = {true}, LOCKEDBY = '{mark}', LOCKGRANTED = CURRENT_TIMESTAMP"
    )
    assert shop.apply() == 4
    assert [bool(locked) for (locked,) in shop.query("SELECT LOCKED FROM DATABASECHANGELOGLOCK")] == [False]


def test_the_lock_is_let_go_after_a_failure_too(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address, SHOP.replace("insert into pet", "insert into nowhere"))
    with pytest.raises(MigrationFailed, match=r"changelog\.yaml:2\d "):
        shop.apply()
    assert [bool(locked) for (locked,) in shop.query("SELECT LOCKED FROM DATABASECHANGELOGLOCK")] == [False]


@pytest.mark.parametrize(
    ("attributes", "change", "says"),
    [
        ("", '<customChange class="com.acme.Fill"/>', "customChange is the Java class com.acme.Fill"),
        ("", '<executeCommand executable="rm"/>', "executeCommand runs the program rm"),
        ('runWith="psql"', "<sql>select 1</sql>", "is to be run with psql"),
    ],
)
def test_what_needs_java_is_refused_before_anything_runs_and_never_blocks_once_recorded(
    attributes: str, change: str, says: str, tmp_path: Path, address: Address
) -> None:
    text = (
        f'{HEAD}<changeSet id="1" author="ann"><createTable tableName="a"><column name="i" type="int"/></createTable></changeSet>\n'
        f'<changeSet id="2" author="ann" {attributes}>{change}</changeSet>\n'
        '<changeSet id="3" author="ann"><dropTable tableName="a"/></changeSet></databaseChangeLog>'
    )
    shop = Shop(tmp_path, address, text, "changelog.xml")
    with pytest.raises(Unsupported, match=rf"changelog\.xml:3 .*{says}") as caught:
        shop.apply()
    assert "stamp" in str(caught.value.hint)
    assert "changelog.xml::2::ann" in f"{caught.value.message} {caught.value.hint}"
    assert shop.apply("+1") == 1
    midair.stamp(shop.request(), Remembering(), "+1")
    assert shop.apply() == 1


def test_what_sqlite_cannot_do_is_refused_before_anything_runs(tmp_path: Path, sqlite_file: Address) -> None:
    laid_out("commands", tmp_path)
    shop = Shop(tmp_path, sqlite_file, (tmp_path / "changelog.xml").read_text(), "changelog.xml")
    with pytest.raises(
        BadMigration, match=r"changelog\.xml:7 addUniqueConstraint is not supported on sqlite"
    ):
        shop.apply()
    assert shop.query("SELECT count(*) FROM sqlite_master WHERE name = 'alpha'") == [(0,)]


def test_a_statement_knows_its_line_in_each_format(tmp_path: Path, database: Address) -> None:
    files = {
        "changelog.xml": f'{HEAD}<include file="b.yaml"/>\n<include file="c.sql"/>\n<changeSet id="x" author="a">\n'
        "<sql>\nselect 1;\n\nselect 2;\n</sql>\n</changeSet>\n</databaseChangeLog>",
        "b.yaml": "databaseChangeLog:\n- changeSet:\n    id: y\n    author: a\n    changes:\n    - sql: |\n        select 3;\n        select 4;\n",
        "c.sql": "--liquibase formatted sql\n\n--changeset a:z\nselect 5;\n\n-- note\nselect 6;\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    made = midair.plan(midair.Request(tmp_path, url=url_of(database)))
    spans = [
        f"{step.action.statement.span.path}:{step.action.statement.span.line}"
        for step in made.steps
        if isinstance(step.action, RunStatement)
    ]
    assert spans == ["b.yaml:7", "b.yaml:8", "c.sql:4", "c.sql:7", "changelog.xml:6", "changelog.xml:8"]


def test_rows_nobody_has_a_changeset_for_are_passed_over(tmp_path: Path, address: Address) -> None:
    shop = Shop(tmp_path, address)
    shop.apply("+3")
    shop.run("UPDATE DATABASECHANGELOG SET ID = 'gone' WHERE ID = '3'")
    status = midair.status(shop.request())
    assert [each.word for each in status.standings if each.migration is None] == ["unexpected"]
    assert shop.apply() == 3


def test_a_project_of_the_library_reads_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "changelog.yaml").write_text(SHOP)
    project = midair.open_project(midair.Request(tmp_path))[1]
    assert [(each.revision, each.span.line) for each in project.migrations][:2] == [
        ("changelog.yaml::1::ann", 2),
        ("changelog.yaml::2::ann", 11),
    ]

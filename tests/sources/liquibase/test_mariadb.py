"""Liquibase on a real MariaDB: midair's SQL, its rows, and who takes over from whom."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from midair.database import Guard, open_session
from midair.database.address import parse
from midair.errors import ConnectionLost, Unreachable
from midair.model.address import Secret
from midair.sources.tools.liquibase.files import ChangeFiles, SearchPath
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.verify import visitors_of
from midair.sources.tools.liquibase.writing.names import Quoting
from midair.sources.tools.liquibase.writing.statements import statements_of
from midair.sources.tools.liquibase.writing.writer import Writer
from tests.peers.commands import midair
from tests.peers.mariadb import MariaDB, MariaServer, maria_server
from tests.peers.places import peer

from .beside import NOT_NEVER, Side, alike_after_every_command, handed_over, laid_out
from .recorded import GOLDEN, golden, read
from .test_sql import TYPES

pytestmark = pytest.mark.peers

CHANGELOG = "changelog.xml"


@pytest.fixture(scope="module")
def maria() -> Generator[MariaServer]:
    with maria_server() as running:
        yield running


def side(database: MariaDB, project: str, root: Path) -> Side:
    if not root.exists():
        laid_out(GOLDEN / "projects" / project, root, CHANGELOG)
    return Side(peer("liquibase"), root, CHANGELOG, database)


def run_there(changesets: list[Changeset], project: str, database: MariaDB) -> int:
    """Sends what midair writes for these changesets, as it is; how many statements."""
    folder = GOLDEN / "projects" / project
    files = ChangeFiles(SearchPath((folder,), folder), "UTF-8")
    _, sums = read(project, "mariadb")
    sent = 0
    with closing(database.connected()) as connection, connection.cursor() as cursor:
        for each in changesets:
            to = Writer(
                "mariadb",
                Quoting("mariadb", each.quoting),
                database.name,
                files,
                lambda table: TYPES.get(table, {}),
            )
            for change in each.changes:
                for made in statements_of(change, to, visitors_of(each, sums.runtime)):
                    cursor.execute(made.sql)
                    sent += 1
    return sent


@pytest.mark.parametrize("project", ["core", "modern"])
def test_what_midair_writes_makes_the_schema_the_real_tool_makes(
    maria: MariaServer, project: str, tmp_path: Path
) -> None:
    theirs = side(maria.database(), project, tmp_path / "project")
    ours = maria.database()
    theirs.real("update").ok()
    ran = theirs.database.rows(
        "SELECT FILENAME, ID, AUTHOR FROM DATABASECHANGELOG WHERE EXECTYPE = 'EXECUTED' ORDER BY ORDEREXECUTED"
    )
    changesets, _ = read(project, "mariadb")
    sent = run_there([changesets[str(f), str(i), str(a)] for f, i, a in ran], project, ours)
    assert sent > 15
    assert ours.schema() == tuple(
        line for line in theirs.database.schema() if "DATABASECHANGELOG" not in line
    )
    assert ours.contents() == theirs.database.contents()


@pytest.mark.parametrize("project", ["core", "modern"])
def test_both_leave_the_same_schema_and_the_same_rows(
    maria: MariaServer, project: str, tmp_path: Path
) -> None:
    ours, theirs = (side(maria.database(), project, tmp_path / "project") for _ in range(2))
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert ours.rows() == theirs.rows()
    assert ours.database.schema() == theirs.database.schema()
    assert ours.waiting() == theirs.waiting()


@pytest.mark.parametrize("point", [3, 40, 80])
def test_each_takes_over_from_the_other_at_any_point(maria: MariaServer, point: int, tmp_path: Path) -> None:
    handed_over(*(side(maria.database(), "core", tmp_path / "project") for _ in range(3)), point)


ROOT = """<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
{}</databaseChangeLog>
"""
TYPE = """<changeSet id="{}" author="a" failOnError="false"><createTable tableName="t{}"><column name="c" type="{}"/></createTable></changeSet>
"""


def test_every_data_type_becomes_the_column_the_real_tool_makes(maria: MariaServer, tmp_path: Path) -> None:
    # the real tool sends a Java type's name as it is, which the server refuses
    names = sorted(set(golden("v4.29.0/tables/types.json")) - {"java.sql.Types.TIMESTAMP(3)"})
    changes = (TYPE.format(number, number, escape(name)) for number, name in enumerate(names))
    (tmp_path / CHANGELOG).write_text(ROOT.format("".join(changes)))
    (tmp_path / "liquibase.properties").write_text(f"changeLogFile={CHANGELOG}\n")
    ours, theirs = (Side(peer("liquibase"), tmp_path, CHANGELOG, maria.database()) for _ in range(2))
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert len(theirs.rows()) > 60
    assert ours.rows() == theirs.rows()
    assert ours.database.schema() == theirs.database.schema()


def test_every_command_leaves_the_rows_and_the_schema_the_real_one_leaves(
    maria: MariaServer, tmp_path: Path
) -> None:
    ours, theirs = (
        replace(side(maria.database(), "commands", tmp_path / "project"), variables=NOT_NEVER)
        for _ in range(2)
    )
    alike_after_every_command(ours, theirs)


def test_what_is_not_done_on_mariadb_is_said(maria: MariaServer, tmp_path: Path) -> None:
    ours = side(maria.database(), "modern", tmp_path / "project")
    shown = ours.midair("plan").ok().text
    assert "none is compiled into online steps, rehearsed, or looked at for locks and risks" in shown
    for command in ("check", "rehearse", "drift", "doctor", "new x --from-database"):
        said = ours.midair(*command.split())
        assert said.exit_code != 0, command
        assert "mariadb" in said.text, command


def test_another_tool_s_project_is_refused_and_nothing_is_written(maria: MariaServer, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_a.up.sql").write_text("CREATE TABLE a (x int);\n")
    database = maria.database()
    said = midair("-C", str(tmp_path), "apply", "--url", database.url)
    assert "projects on postgresql and sqlite" in said.text
    assert said.exit_code != 0
    assert database.schema() == ()


def test_a_login_that_is_refused_never_shows_the_password(maria: MariaServer, tmp_path: Path) -> None:
    database = replace(maria.database(), password="hunter2")
    said = side(database, "modern", tmp_path / "project").midair("apply")
    assert "refused user shop" in said.text
    assert "hunter2" not in said.text
    assert said.exit_code != 0
    gone = replace(database, host="127.0.0.2").url.replace(":3306", ":1")
    with pytest.raises(Unreachable) as told:
        open_session(parse(Secret(gone)), Guard(), "midair tests")
    assert "hunter2" not in str(told.value)


def test_a_connection_that_is_ended_is_lost_and_not_a_failed_statement(maria: MariaServer) -> None:
    database = maria.database()
    session = open_session(database.address, Guard(lock_wait_ms=50), "midair tests")
    assert session.query("SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout") == [(1, 1)]
    (number,) = session.query("SELECT connection_id()")[0]
    database.run(f"KILL {number}")
    with pytest.raises(ConnectionLost):
        session.query("SELECT 1")
    session.close()


KEYS = """
<changeSet id="keys" author="a">
  <sql>create table `p s` (id int primary key)</sql>
  <sql>create table t (a int, b int, constraint one foreign key (a) references `p s` (id))</sql>
  <sql>alter table t add constraint `the two` foreign key (b) references `p s` (id)</sql>
</changeSet>
<changeSet id="none" author="a"><dropAllForeignKeyConstraints baseTableName="t"/></changeSet>
<changeSet id="again" author="a" runAlways="true"><dropAllForeignKeyConstraints baseTableName="t"/></changeSet>
"""


def test_all_foreign_keys_of_a_table_are_looked_up_and_dropped(maria: MariaServer, tmp_path: Path) -> None:
    (tmp_path / CHANGELOG).write_text(ROOT.format(KEYS))
    (tmp_path / "liquibase.properties").write_text(f"changeLogFile={CHANGELOG}\n")
    ours, theirs = (Side(peer("liquibase"), tmp_path, CHANGELOG, maria.database()) for _ in range(2))
    theirs.real("update-count", "--count=2").ok()
    ours.midair("apply", "+2").ok()
    assert not [line for line in ours.database.schema() if line.startswith("key ")]
    assert ours.database.schema() == theirs.database.schema()
    assert ours.rows() == theirs.rows()
    ours.midair("apply").ok()  # there is nothing left to drop

"""On MariaDB, where DDL commits by itself: any crash is resumed or told, and nothing is ever run twice."""

import os
import re
import signal
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import midair
from midair.database.mariadb import MariadbSession
from midair.errors import LockNotAcquired, MidairError, MigrationFailed, OutcomeUnknown
from midair.model.address import Secret
from tests.peers.mariadb import MariaDB, MariaServer, maria_server
from tests.support.listening import Remembering

pytestmark = pytest.mark.peers

CHANGELOG = """<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">
  <changeSet id="tables" author="ann">
    <createTable tableName="p"><column name="id" type="int"><constraints primaryKey="true"/></column></createTable>
    <createTable tableName="t"><column name="id" type="int"/><column name="name" type="varchar(50)"/></createTable>
    <insert tableName="t"><column name="id" valueNumeric="1"/><column name="name" value="one"/></insert>
    <createIndex tableName="t" indexName="t_name"><column name="name"/></createIndex>
    <insert tableName="t"><column name="id" valueNumeric="2"/><column name="name" value="two"/></insert>
  </changeSet>
  <changeSet id="rows" author="ann">
    <sql>update t set id = id + 10</sql>
    <sql>insert into p select id from t</sql>
  </changeSet>
  <changeSet id="columns" author="ann">
    <addColumn tableName="t"><column name="p_id" type="int"/></addColumn>
    <sql>update t set p_id = id</sql>
    <addNotNullConstraint tableName="t" columnName="p_id" columnDataType="int"/>
    <renameColumn tableName="t" oldColumnName="name" newColumnName="title" columnDataType="varchar(60)"/>
    <addForeignKeyConstraint baseTableName="t" baseColumnNames="p_id" constraintName="t_p"
      referencedTableName="p" referencedColumnNames="id"/>
    <createView viewName="v">select id from t</createView>
  </changeSet>
  <changeSet id="drop" author="ann">
    <dropForeignKeyConstraint baseTableName="t" constraintName="t_p"/>
    <dropColumn tableName="t" columnName="p_id"/>
    <sql>insert into p values (99)</sql>
  </changeSet>
</databaseChangeLog>
"""


@pytest.fixture(scope="module")
def maria() -> Generator[MariaServer]:
    with maria_server() as running:
        yield running


def project(root: Path, changelog: str = CHANGELOG) -> Path:
    root.mkdir(exist_ok=True)
    (root / "changelog.xml").write_text(changelog)
    (root / "liquibase.properties").write_text("changeLogFile=changelog.xml\n")
    return root


def request(root: Path, database: MariaDB, **bounds: float) -> midair.Request:
    return midair.Request(root, url=Secret(database.url), wait_s=20, **bounds)


def outcome(database: MariaDB) -> tuple[object, ...]:
    history = "SELECT ORDEREXECUTED, ID, EXECTYPE, MD5SUM FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED"
    return database.schema(), database.contents(), database.rows(history)


def counting(stop: Callable[[int], None]) -> Callable[..., object]:
    """A session's way of sending that says which message it is, before it goes out and after its answer has come."""
    plain = MariadbSession._execute
    sent = [0]

    def execute(self: MariadbSession, *words: object, **more: object) -> object:
        stop(sent[0])
        sent[0] += 1
        answer = plain(self, *words, **more)  # type: ignore[arg-type]
        stop(sent[0])
        sent[0] += 1
        return answer

    return execute


def killed_at(point: int, root: Path, database: MariaDB) -> None:
    """An `apply` in a process of its own that `kill -9`s itself before a message to the server, or after its answer."""

    def stop(now: int) -> None:
        if now == point:
            os.kill(os.getpid(), signal.SIGKILL)

    cut_off(root, database, counting(stop))


def cut_off(root: Path, database: MariaDB, execute: Callable[..., object]) -> None:
    """An `apply` in a process of its own that sends its messages by `execute`, and must be killed by it."""
    child = os.fork()
    if not child:
        try:
            MariadbSession._execute = execute  # type: ignore[method-assign]
            midair.apply(request(root, database), Remembering())
        finally:
            os._exit(70)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


@pytest.fixture(scope="module")
def reference(
    maria: MariaServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, tuple[object, ...]]:
    """The project, how many points a run can be killed at, and what a run that was not leaves."""
    root = project(tmp_path_factory.mktemp("crash") / "project")
    database, seen = maria.database(), list[int]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MariadbSession, "_execute", counting(seen.append))
        midair.apply(request(root, database), Remembering())
    return root, len(seen), outcome(database)


@pytest.mark.parametrize(
    "part", [pytest.param(each, marks=[] if each == 0 else pytest.mark.slow) for each in range(12)]
)
def test_a_run_killed_at_any_message_ends_like_one_that_was_not(
    maria: MariaServer, reference: tuple[Path, int, tuple[object, ...]], part: int
) -> None:
    root, points, expected = reference
    assert points > 100
    for point in range(part, points - 4, 12):
        database = maria.database()
        killed_at(point, root, database)
        midair.apply(request(root, database), Remembering())
        assert outcome(database) == expected, point
        database.drop()


HEAD = '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">'
FILLED = f"""{HEAD}
  <changeSet id="base" author="ann"><sql>create table a (id int)</sql><sql>insert into a values (1), (2)</sql></changeSet>
  <changeSet id="copy" author="ann">
    <sql>insert into a values (3)</sql>
    <sql>create table b as select id from a</sql>
    <sql>insert into b values (4)</sql>
  </changeSet>
</databaseChangeLog>
"""


def stopped_after(text: str, root: Path, database: MariaDB) -> None:
    """An `apply` that is killed when this statement's answer should come: it was sent, and nobody heard more."""
    plain = MariadbSession._execute

    def execute(self: MariadbSession, sent: str, *words: object, **more: object) -> object:
        answer = plain(self, sent, *words, **more)  # type: ignore[arg-type]
        if sent == text:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    cut_off(root, database, execute)


def test_a_statement_nobody_can_tell_about_is_named_and_never_run_twice(
    maria: MariaServer, tmp_path: Path
) -> None:
    root, database = project(tmp_path / "project", FILLED), maria.database()
    stopped_after("create table b as select id from a", root, database)
    for _ in range(2):
        with pytest.raises(
            OutcomeUnknown, match=r"changelog\.xml:5 'create table b as select id from a'"
        ) as told:
            midair.apply(request(root, database), Remembering())
    assert "midair repair changelog.xml::copy::ann --done" in str(told.value.hint)
    assert database.contents() == {"a": ["(1,)", "(2,)", "(3,)"], "b": ["(1,)", "(2,)", "(3,)"]}
    database.run("insert into b values (4)")  # the rest, by hand
    midair.repair(request(root, database), Remembering(), "changelog.xml::copy::ann", done=True)
    assert midair.apply(request(root, database), Remembering()).revisions == 0
    assert database.rows("SELECT ID, EXECTYPE FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED") == [
        ("base", "EXECUTED"),
        ("copy", "EXECUTED"),
    ]


def test_what_the_server_refuses_is_told_with_its_line_and_resumed_once_mended(
    maria: MariaServer, tmp_path: Path
) -> None:
    root, database = project(tmp_path / "project", FILLED), maria.database()
    database.run("create table b (id int)")
    for _ in range(2):
        with pytest.raises(
            MigrationFailed, match=r"changelog\.xml:5 .*Table 'b' already exists \[1050\]"
        ) as told:
            midair.apply(request(root, database), Remembering())
    assert "statements before this one are in and journalled" in str(told.value.state)
    assert [each.title for each in midair.status(request(root, database)).half_done] == [
        "insert into a values (3)"
    ]
    database.run("drop table b")
    midair.resume(request(root, database), Remembering())
    assert database.contents()["a"] == ["(1,)", "(2,)", "(3,)"]
    assert len(database.contents()["b"]) == 4


WIDER = """<changeSet id="wider" author="ann">
    <addColumn tableName="a"><column name="wide" type="int" valueNumeric="7"/></addColumn></changeSet></databaseChangeLog>"""


def test_a_lock_that_is_held_is_waited_for_in_short_tries_and_then_told(
    maria: MariaServer, tmp_path: Path
) -> None:
    root, database = project(tmp_path / "project", FILLED), maria.database()
    midair.apply(request(root, database), Remembering())
    project(root, FILLED.replace("</databaseChangeLog>", WIDER))
    with closing(database.connected()) as reader, reader.cursor() as cursor:
        reader.begin()
        cursor.execute("select * from a")
        with pytest.raises(LockNotAcquired, match="a"):
            midair.apply(request(root, database, lock_budget_s=1.5), Remembering())
        assert database.rows("select count(*) from a") == [(3,)]  # readers are not held up any more
    midair.apply(request(root, database), Remembering())
    assert database.rows("select distinct wide from a") == [(7,)]


def test_liquibase_s_own_lock_is_honoured_and_a_killed_run_s_is_taken_over(
    maria: MariaServer, tmp_path: Path
) -> None:
    root, database = project(tmp_path / "project", FILLED), maria.database()
    stopped_after("insert into b values (4)", root, database)
    assert re.fullmatch(
        r"midair \S+ \(pid \d+, backend \d+\)",
        str(database.rows("SELECT LOCKEDBY FROM DATABASECHANGELOGLOCK")[0][0]),
    )
    midair.apply(request(root, database), Remembering())
    assert database.rows("SELECT LOCKED, LOCKEDBY FROM DATABASECHANGELOGLOCK") == [(0, None)]
    database.run(
        "UPDATE DATABASECHANGELOGLOCK SET LOCKED = 1, LOCKEDBY = 'somebody (10.0.0.1)', LOCKGRANTED = now()"
    )
    with pytest.raises(MidairError, match="held by somebody"):
        midair.apply(replace(request(root, database), wait_s=0), Remembering())
    midair.repair(request(root, database), Remembering(), release_lock=True)
    assert midair.apply(request(root, database), Remembering()).revisions == 0


ASKED = f"""{HEAD}
  <changeSet id="one" author="ann"><sql>create table a (id int)</sql></changeSet>
  <changeSet id="two" author="ann">
    <preConditions onFail="MARK_RAN"><tableExists tableName="a"/></preConditions>
    <sql>insert into a values (1)</sql>
    <sql>create table b (id int)</sql>
  </changeSet>
  <changeSet id="three" author="ann">
    <preConditions onFail="MARK_RAN"><tableExists tableName="a"/></preConditions>
    <sql>insert into a values (2)</sql>
  </changeSet>
</databaseChangeLog>
"""


def test_a_changeset_that_fails_in_its_turn_is_never_begun_anew_by_itself(
    maria: MariaServer, tmp_path: Path
) -> None:
    root, database = project(tmp_path / "project", ASKED), maria.database()
    database.run("create table b (id int)")
    with pytest.raises(MigrationFailed, match=r"changelog\.xml:6: .*already exists") as told:
        midair.apply(request(root, database), Remembering())
    assert "1 of its 2 statements are in" in str(told.value.state)
    database.run("drop table b")
    for _ in range(2):  # its preconditions can be asked beforehand by now, so it is planned in another way
        with pytest.raises(
            OutcomeUnknown, match=r"changelog\.xml::two::ann was cut off or refused in the middle"
        ):
            midair.apply(request(root, database), Remembering())
    assert database.contents() == {"a": ["(1,)"]}
    database.run("delete from a")
    midair.repair(request(root, database), Remembering(), "changelog.xml::two::ann", done=False)
    midair.apply(request(root, database), Remembering())
    assert database.contents() == {"a": ["(1,)", "(2,)"], "b": []}


@pytest.mark.parametrize(
    "text", ["insert into a values (1)", "create table b (id int)", "insert into a values (2)"]
)
def test_a_changeset_killed_in_its_turn_is_done_once_or_told(
    maria: MariaServer, tmp_path: Path, text: str
) -> None:
    root, database = project(tmp_path / "project", ASKED), maria.database()
    stopped_after(text, root, database)
    if text.endswith("(2)"):  # rows only: a transaction, of which nothing is left
        midair.apply(request(root, database), Remembering())
    else:
        with pytest.raises(OutcomeUnknown, match=r"changelog\.xml::two::ann"):
            midair.apply(request(root, database), Remembering())
        database.run("create table if not exists b (id int)")
        midair.repair(request(root, database), Remembering(), "changelog.xml::two::ann", done=True)
        midair.apply(request(root, database), Remembering())
    assert database.contents() == {"a": ["(1,)", "(2,)"], "b": []}


def test_a_statement_whose_client_was_killed_is_waited_for_while_the_server_works_on(
    maria: MariaServer, tmp_path: Path
) -> None:
    slow = FILLED.replace(
        "create table b as select id from a", "create table b as select id, sleep(1) s from a"
    )
    root, database = project(tmp_path / "project", slow), maria.database()
    child = os.fork()
    if not child:
        midair.apply(request(root, database), Remembering())
        os._exit(70)
    at_work = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'create table b as%%' AND db = %s"
    while database.rows(at_work, database.name) == [(0,)]:
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with pytest.raises(OutcomeUnknown, match="create table b as select"):
        midair.apply(request(root, database), Remembering())
    assert database.rows(at_work, database.name) == [(0,)]
    assert database.contents()["a"] == ["(1,)", "(2,)", "(3,)"]

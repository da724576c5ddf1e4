"""The running application's statements: from files of three kinds, and from the target's own statistics."""

from collections.abc import Generator
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import BadSetting
from midair.model.statement import Sql
from midair.rehearsal.server import throwaway_server
from midair.rehearsal.workload import read_workload, workload_of
from tests.conftest import url_of
from tests.support.folders import written
from tests.support.listening import Remembering

_CSV = """calls,query,total
10,"SELECT note
FROM t WHERE id = $1",1
9,BEGIN,1
8,"SELECT note
FROM t WHERE id = $1",1
7,"SELECT ""a,b"" FROM t WHERE note LIKE 'x%'",1
"""


def test_a_csv_export_gives_each_statement_once_with_its_line_and_leaves_out_what_touches_no_rows() -> None:
    found = read_workload(_CSV, "top.csv")
    assert [(str(each.span), each.sql.split()[1]) for each in found] == [
        ("top.csv:2", "note"),
        ("top.csv:7", '"a,b"'),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[{"query": "SELECT 1", "calls": 3}, {"query": "SET x = 1"}]',
        '{"query": "SELECT 1"}\n{"query": "COMMIT"}\n',
    ],
)
def test_a_json_export_is_a_list_or_an_object_a_line(text: str) -> None:
    assert [each.sql for each in read_workload(text, "top.json")] == ["SELECT 1"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "calls,text\n1,SELECT 1\n", "a.csv:1"),
        ("a.csv", "", "a.csv:1"),
        ("a.json", '{"query": "SELECT 1"}\nnot json\n', "a.json:2"),
        ("a.json", '[{"query": "SELECT 1"}, 7]', "a.json:2"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_its_place(name: str, text: str, place: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_workload(text, name)
    assert place in caught.value.message
    assert "`query`" in f"{caught.value.message} {caught.value.hint}"


def test_a_database_without_the_extension_says_how_to_go_on(session: Session) -> None:
    with pytest.raises(BadSetting) as caught:
        workload_of(session)
    assert "--queries FILE" in str(caught.value.hint)


@pytest.fixture
def counting() -> Generator[Session]:
    """A database whose server counts statements."""
    with throwaway_server(None, None, ("shared_preload_libraries=pg_stat_statements",)) as running:
        opened = open_session(running.create("counted"), Guard(), "midair tests")
        opened.run([Sql("CREATE EXTENSION pg_stat_statements")], atomic=False)
        yield opened
        opened.close()


def test_what_the_targets_statistics_remember_is_tried_before_and_after(
    tmp_path: Path, counting: Session
) -> None:
    written(
        tmp_path,
        {
            "migrations/1_a.up.sql": "CREATE TABLE t (id int PRIMARY KEY, note text, at timestamptz);",
            "migrations/2_b.up.sql": "ALTER TABLE t DROP COLUMN note;",
            "migrations/2_b.down.sql": "ALTER TABLE t ADD COLUMN note text;",
        },
    )
    request = midair.Request(tmp_path, url=url_of(counting.address), strategy="direct")
    midair.apply(request, Remembering(), "1")
    counting.query("SELECT note FROM t WHERE id = 7")
    counting.query("SELECT id FROM t WHERE at > now() - interval '1 day' LIMIT 5")
    found = midair.rehearse(request, midair.Trial(queries_from_target=True))
    broken = [each for each in found.findings if each.code == "MA980"]
    assert len(broken) == 1, [str(each) for each in found.findings]
    assert "SELECT note FROM t WHERE id = $1" in broken[0].message
    assert "no longer works" in broken[0].message
    assert not [each for each in found.findings if each.code == "MA982"]

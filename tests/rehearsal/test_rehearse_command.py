"""`midair rehearse` as people call it: exit codes, JSON, the page, queries, extensions, and a target that is only read."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

import midair
from midair.database import Session
from midair.errors import MissingExtension
from midair.model.statement import Span, Sql, Statement
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.listening import Remembering


def project(root: Path, *migrations: tuple[str, str]) -> Path:
    folder = root / "migrations"
    folder.mkdir()
    for number, (up, down) in enumerate(migrations, 1):
        (folder / f"{number:06d}_m{number}.up.sql").write_text(up)
        if down:
            (folder / f"{number:06d}_m{number}.down.sql").write_text(down)
    return root


GOOD = (
    ("CREATE TABLE t (id integer PRIMARY KEY, note text);", "DROP TABLE t;"),
    ("CREATE INDEX t_note ON t (note);", "DROP INDEX t_note;"),
)
BAD = (*GOOD, ("ALTER TABLE t ADD COLUMN city text;", "SELECT 1;"))


class Page(HTMLParser):
    """What a reader of the page meets: its texts, the ids of its parts, what it would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.ids += [facts["id"] or ""] if "id" in facts else []
        self.fetched += [str(facts[each]) for each in ("src", "href", "data") if each in facts]
        self.fetched += [tag] if tag in ("script", "link", "iframe", "object") else []
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "midair", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


def test_the_command_says_no_in_text_json_and_on_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    root = project(tmp_path, *BAD)
    ran = command("rehearse", "-q", "-o", "json=r.json", "-o", "html=r.html", cwd=root)
    assert ran.returncode == 1, ran.stderr
    assert "MA922 downgrade-leaves-behind" in ran.stdout
    assert "✓ 2" in ran.stdout
    document = json.loads((root / "r.json").read_text())
    assert document["outcome"] == "no"
    assert [each["code"] for each in document["payload"]["findings"]] == ["MA922"]
    locks = {lock["level"] for step in document["payload"]["steps"] for lock in step["locks"]}
    assert "ACCESS EXCLUSIVE" in locks or "SHARE" in locks or not locks

    text = (root / "r.html").read_text()
    page = Page(text)
    assert page.wrong == []
    assert page.open == []
    assert page.fetched == []
    assert {"verdict", "migrations", "findings", "timeline", "proofs"} <= set(page.ids)
    whole = " ".join(page.texts)
    assert "Not passed" in whole
    assert "downgrade-leaves-behind" in whole
    assert "CREATE INDEX t_note" in whole
    assert "http" not in text.replace("http-equiv", "")


def test_ci_gets_a_case_a_proof_and_a_result_a_finding(tmp_path: Path) -> None:
    root = project(tmp_path, *BAD)
    ran = command("rehearse", "-q", "-o", "junit=r.xml", "-o", "sarif=r.sarif", cwd=root)
    assert ran.returncode == 1, ran.stderr
    suite = ElementTree.parse(root / "r.xml").getroot()[0]
    cases = {(each.get("classname"), each.get("name")): each for each in suite}
    assert cases["findings", "3"].find("failure").get("type") == "MA922"  # type: ignore[union-attr]
    assert cases["findings", "2"].find("failure") is None
    assert cases["2", "down"].find("failure") is None
    assert cases["3", "down"].find("failure") is not None
    assert cases["3", "up again"].find("failure") is not None
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    (run,) = json.loads((root / "r.sarif").read_text())["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["MA922"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "migrations/000003_m3.up.sql"


def test_a_good_project_passes_and_its_locks_are_traced(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = project(
        tmp_path,
        *GOOD,
        ("ALTER TABLE t ALTER COLUMN id TYPE bigint;", "ALTER TABLE t ALTER COLUMN id TYPE integer;"),
    )
    request = midair.Request(root, url=url_of(session.address), scratch_url=url_of(server.admin))
    midair.apply(request, Remembering(), "1")
    session.run(
        [Sql("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 1000) i"), Sql("ANALYZE t")], atomic=False
    )
    found = midair.rehearse(request, midair.Trial())
    assert found.findings == (), found.findings
    assert [str(revision) for revision, _ in found.revisions] == ["2", "3"]
    assert found.filled == (("t", 6),)
    index, change = found.steps
    assert [(name, str(level)) for name, level in index.sighting.locks] == [("t", "SHARE")]
    assert index.sighting.scans == {"t"}
    assert [(name, str(level)) for name, level in change.sighting.locks] == [("t", "ACCESS EXCLUSIVE")]
    assert change.sighting.rewrites == {"t"}
    assert [each.rows for each in change.sizes] == [1000]
    assert change.held_s is not None
    assert session.query("SELECT count(*) FROM t") == [(1000,)]
    assert session.query("SELECT version FROM schema_migrations") == [(1,)]


def test_a_lock_is_estimated_to_be_held_for_all_that_its_transaction_has_still_to_do(
    tmp_path: Path, server: Server, session: Session
) -> None:
    more = "ALTER TABLE t ADD COLUMN city text; CREATE INDEX t_note ON t (note);"
    root = project(tmp_path, GOOD[0], (more, "ALTER TABLE t DROP COLUMN city; DROP INDEX t_note;"))
    request = midair.Request(root, url=url_of(session.address), scratch_url=url_of(server.admin))
    midair.apply(request, Remembering(), "1")
    session.run(
        [Sql("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 1000) i"), Sql("ANALYZE t")], atomic=False
    )
    column, index = midair.rehearse(request, midair.Trial()).steps
    assert [str(level) for _, level in column.sighting.locks] == ["ACCESS EXCLUSIVE"]
    assert column.sighting.scans == frozenset()
    assert column.held_s  # by itself it would be brief; the index is built under its lock
    assert index.sighting.scans == {"t"}


def test_a_concurrent_index_is_watched_from_beside(tmp_path: Path, server: Server) -> None:
    root = project(
        tmp_path,
        GOOD[0],
        ("CREATE INDEX CONCURRENTLY t_note ON t (note);", "DROP INDEX CONCURRENTLY t_note;"),
    )
    found = midair.rehearse(midair.Request(root, scratch_url=url_of(server.admin)), midair.Trial())
    assert found.findings == (), found.findings
    assert found.steps[-1].sighting.sampled
    assert all(level <= 4 for _, level in found.steps[-1].sighting.locks)


def test_a_statement_of_the_running_application_that_breaks_is_named_with_its_migration(
    tmp_path: Path, server: Server
) -> None:
    root = project(
        tmp_path,
        *GOOD,
        ("ALTER TABLE t RENAME COLUMN note TO remark;", "ALTER TABLE t RENAME COLUMN remark TO note;"),
    )
    queries = (
        Statement("SELECT id FROM t WHERE id = $1", Span("app.sql", 1)),
        Statement("SELECT note FROM t", Span("app.sql", 2)),
    )
    found = midair.rehearse(
        midair.Request(root, scratch_url=url_of(server.admin)), midair.Trial(queries=queries)
    )
    assert [(each.code, each.revision) for each in found.findings] == [("MA980", "3")]
    assert "app.sql:2" in found.findings[0].message


def test_uuid_ossp_has_a_stand_in_and_another_missing_extension_is_an_error_with_ways_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    uuid = 'CREATE EXTENSION "uuid-ossp"; CREATE TABLE u (id uuid PRIMARY KEY DEFAULT uuid_generate_v4());'
    root = project(tmp_path / "a", (uuid, 'DROP TABLE u; DROP EXTENSION "uuid-ossp";'))
    assert midair.rehearse(midair.Request(root), midair.Trial()).findings == ()
    other = project(tmp_path / "b", ("CREATE EXTENSION postgis;", "DROP EXTENSION postgis;"))
    with pytest.raises(MissingExtension) as caught:
        midair.rehearse(midair.Request(other), midair.Trial())
    assert "migrations/000001_m1.up.sql:1" in caught.value.message
    assert all(way in str(caught.value.hint) for way in ("scratch", "MIDAIR_PG_BIN", "--without"))
    found = midair.rehearse(midair.Request(other), midair.Trial(without=("postgis",)))
    assert found.proofs[0].passed


def test_a_changeset_whose_precondition_leaves_it_out_is_not_taken_back(
    tmp_path: Path, server: Server
) -> None:
    (tmp_path / "liquibase.properties").write_text("changeLogFile=changelog.sql\n")
    (tmp_path / "changelog.sql").write_text(
        "--liquibase formatted sql\n"
        "--changeset a:1\nCREATE TABLE t (id int, note text);\n--rollback DROP TABLE t;\n"
        "--changeset a:2\n--preconditions onFail:CONTINUE\n--precondition-sql-check expectedResult:0 SELECT count(*) FROM t\n"
        "ALTER TABLE t ADD COLUMN city text;\n--rollback ALTER TABLE t DROP COLUMN city;\n"
    )
    request = midair.Request(tmp_path, scratch_url=url_of(server.admin))
    found = midair.rehearse(request, midair.Trial(from_empty=True, each=True))
    assert found.findings == (), found.findings
    second = {each.name: each for each in found.proofs if str(each.revision).endswith("::2::a")}
    assert second["down"].passed is None
    assert "conditions" in second["down"].detail


def test_a_table_that_is_dropped_and_made_anew_was_not_lost_in_passing(
    tmp_path: Path, server: Server
) -> None:
    again = "DROP TABLE t; CREATE TABLE t (id integer PRIMARY KEY, other text);"
    root = project(tmp_path, GOOD[0], (again, ""))
    found = midair.rehearse(midair.Request(root, scratch_url=url_of(server.admin)), midair.Trial(each=True))
    assert found.findings == (), found.findings


def test_a_column_that_is_renamed_and_then_set_was_not_changed_in_passing(
    tmp_path: Path, server: Server
) -> None:
    before = ("CREATE TABLE t (id integer PRIMARY KEY, active boolean NOT NULL);", "DROP TABLE t;")
    up = "ALTER TABLE t RENAME COLUMN active TO stale; UPDATE t SET stale = NOT stale;"
    down = "ALTER TABLE t RENAME COLUMN stale TO active; UPDATE t SET active = NOT active;"
    request = midair.Request(project(tmp_path, before, (up, down)), scratch_url=url_of(server.admin))
    found = midair.rehearse(request, midair.Trial(each=True))
    assert found.findings == (), found.findings

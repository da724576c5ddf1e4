"""`midair plan --document`: what it says is what the plan does, in Markdown and as one safe page."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from midair.database import Session
from midair.model.address import Address
from midair.model.statement import Sql
from tests.cli.in_process import midair
from tests.conftest import url_of
from tests.support.folders import written

SECTIONS = [
    "Goal",
    "Changes",
    "Risk assessment",
    "Locks and estimates",
    "Rollback plan",
    "Testing plan",
    "Deployment checklist",
]
FILES = {
    "migrations/1_orders.up.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);",
    "migrations/1_orders.down.sql": "DROP TABLE orders;",
    "migrations/2_wide.up.sql": "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    "migrations/2_wide.down.sql": "ALTER TABLE orders ALTER COLUMN total TYPE int;",
    "migrations/3_drop.up.sql": "ALTER TABLE orders DROP COLUMN note;",
    "migrations/4_odd.up.sql": 'CREATE TABLE "<script>*x*|`</script>" (id bigint PRIMARY KEY);',
    "migrations/4_odd.down.sql": 'DROP TABLE "<script>*x*|`</script>";',
}


@pytest.fixture
def project(tmp_path: Path, database: Address, session: Session) -> Path:
    """Three migrations to come on a table with rows."""
    root = written(
        tmp_path,
        {**FILES, "midair.toml": f"[environments.prod]\nurl = {json.dumps(url_of(database).reveal())}\n"},
    )
    assert midair(root, "apply", "1", "-e", "prod").returncode == 0
    session.run(
        [
            Sql("INSERT INTO orders SELECT i, i, 'n' FROM generate_series(1, 50000) AS i"),
            Sql("ANALYZE orders"),
        ],
        atomic=False,
    )
    return root


def test_a_document_has_all_sections_and_says_what_the_plan_does(project: Path) -> None:
    plan = json.loads(midair(project, "plan", "-e", "prod", "-f", "json").stdout)["payload"]
    ran = midair(project, "plan", "--document", "-e", "prod")
    assert ran.returncode == 0
    assert [line[3:] for line in ran.stdout.splitlines() if line.startswith("## ")] == SECTIONS
    assert f"by plan {plan['digest']}" in ran.stdout
    for each in plan["plan"]["segments"]:
        for step in each["steps"]:
            if "statement" in step["action"]:
                assert step["action"]["statement"]["sql"] in ran.stdout
    lock = next(line for line in ran.stdout.splitlines() if "copies orders" in line)
    assert "| ACCESS EXCLUSIVE on orders | reads and writes | reads orders, copies orders" in lock
    assert " ms |" in lock  # the size is known, so the time is estimated
    assert "3: there is no way back; restore from the backup, or go forward." in ran.stdout
    assert "The plan itself destroys the values of orders.note" in ran.stdout
    assert (
        "- [ ] a backup is made and its restore was tried: the values of orders.note will be gone"
        in ran.stdout
    )
    assert "undone by 1 statement, and loses" in ran.stdout
    assert "`midair apply -e prod --plan plan.json`" in ran.stdout


def test_the_page_is_well_formed_escaped_and_needs_nothing_from_outside(project: Path) -> None:
    ran = midair(project, "plan", "--document", "-e", "prod", "-f", "html")
    page = _Page()
    page.feed(ran.stdout)
    assert page.open == []
    assert page.headings == SECTIONS
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert {"src", "href", "onclick"}.isdisjoint(page.attributes)
    assert "default-src 'none'" in ran.stdout
    assert "&lt;script&gt;" in ran.stdout


def test_names_in_markdown_are_no_markup_outside_code(project: Path) -> None:
    ran = midair(project, "plan", "--document", "-e", "prod", "-f", "markdown")
    outside = "\n".join(ran.stdout.split("```")[::2])
    assert "<script>" not in outside.replace("\\<script>", "")
    assert "*x*" not in outside.replace("\\*x\\*", "")


def test_nothing_to_do_is_said_and_a_document_of_the_way_back_alone_is_refused(project: Path) -> None:
    assert midair(project, "apply", "-e", "prod").returncode == 0
    assert "Nothing to do" in midair(project, "plan", "--document", "-e", "prod").stdout
    assert midair(project, "plan", "--document", "--down", "-e", "prod").returncode == 2


def test_any_report_is_a_page(project: Path) -> None:
    page = midair(project, "status", "-e", "prod", "-f", "html").stdout
    assert page.startswith("<!doctype html>")
    assert "golang_migrate at 1" in page


class _Page(HTMLParser):
    """What is in a page: tags, attributes, headings, and what was left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)

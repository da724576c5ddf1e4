"""What midair does for every tool, on a changelog: findings with their lines, online steps, kills, rehearsal."""

from pathlib import Path

import pytest

import midair
from midair.database import Guard, open_session
from midair.model.address import Address
from midair.model.plan import Plan, RecordRevision
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump

from .online import BEFORE, laid_out_online
from .test_crash import fresh_databases

FORMS = (
    "CREATE INDEX CONCURRENTLY orders_customer",
    "FOREIGN KEY (customer_id) REFERENCES public.customers (id) NOT VALID",
    "VALIDATE CONSTRAINT orders_customer_fk",
    "CREATE UNIQUE INDEX CONCURRENTLY",
)


@pytest.fixture
def changelog(tmp_path: Path) -> Path:
    return laid_out_online(tmp_path / "project")


def online(root: Path, address: Address) -> midair.Request:
    return midair.Request(root, url=url_of(address), strategy="online", small_table_bytes=0, wait_s=20)


def sql_of(plan: Plan) -> str:
    return "\n".join(repr(step.action) for step in plan.steps)


def test_findings_name_the_line_in_each_format(changelog: Path) -> None:
    found = {
        (each.span.path, each.span.line): each.code
        for each in midair.check(midair.Request(changelog), midair.Question()).findings
        if each.code in ("MA101", "MA105", "MA104", "MA107", "MA705")
    }
    lines = {name: (changelog / name).read_text().splitlines() for name, _ in found}
    said = {(name, code): lines[name][line - 1].strip() for (name, line), code in found.items()}
    assert said == {
        ("changelog.xml", "MA101"): said["changelog.xml", "MA101"],
        ("key.yaml", "MA105"): "- addForeignKeyConstraint:",
        ("email.json", "MA104"): '{"addNotNullConstraint":',
        ("unique.sql", "MA107"): "ALTER TABLE orders",
    }
    assert said["changelog.xml", "MA101"].startswith("<createIndex")


def test_changes_become_online_steps_and_leave_what_the_plain_run_leaves(
    changelog: Path, server: Server
) -> None:
    with fresh_databases(server, 2) as (plain, rewritten):
        midair.apply(midair.Request(changelog, url=url_of(plain), strategy="direct"), Remembering())
        midair.apply(midair.Request(changelog, url=url_of(rewritten)), Remembering(), BEFORE)
        planned = sql_of(midair.plan(online(changelog, rewritten)))
        assert [each for each in FORMS if each not in planned] == []
        midair.apply(online(changelog, rewritten), Remembering())
        assert midair.plan(online(changelog, rewritten)).segments == ()
        ours, theirs = (comparable(server, each) for each in (rewritten, plain))
        assert ours == theirs


def comparable(server: Server, address: Address) -> list[str]:
    """Schema and rows, without the times and numbers of the history's rows and the name of a NOT NULL."""
    lines = dump(server.bin, address).splitlines()
    return [each for each in lines if "DATABASECHANGELOG" not in each.upper() or "CREATE" in each]


def test_an_online_changeset_killed_at_any_event_ends_like_one_that_was_not(
    changelog: Path, server: Server
) -> None:
    heard = Remembering()
    with fresh_databases(server, 1) as (whole,):
        midair.apply(midair.Request(changelog, url=url_of(whole)), Remembering(), BEFORE)
        midair.apply(online(changelog, whole), heard)
        expected = comparable(server, whole)
    for event in range(len(heard.events)):
        with fresh_databases(server, 1) as (address,):
            midair.apply(midair.Request(changelog, url=url_of(address)), Remembering(), BEFORE)
            assert fly(changelog, address, dies_at=event, strategy="online").landed()[0] == -9
            midair.apply(online(changelog, address), Remembering())
            assert comparable(server, address) == expected, event


def test_a_rehearsal_runs_each_changeset_up_down_and_up(changelog: Path) -> None:
    rehearsed = midair.rehearse(midair.Request(changelog), midair.Trial(each=True))
    proven = {(each.name, each.revision) for each in rehearsed.proofs if each.passed}
    with_a_way_back = [name for name, _ in rehearsed.revisions[1:]]
    assert len(with_a_way_back) == 5
    for revision in (None, *with_a_way_back):
        assert {("up", revision), ("down", revision), ("up again", revision)} <= proven
    # addNotNullConstraint put text where there was none; the tool's own tables are no finding
    assert [(each.code, each.table) for each in rehearsed.findings] == [("MA925", "customers")]


def test_a_precondition_that_nothing_before_can_change_is_asked_when_the_plan_is_made(
    changelog: Path, server: Server
) -> None:
    with fresh_databases(server, 1) as (address,):
        midair.apply(midair.Request(changelog, url=url_of(address)), Remembering(), BEFORE)
        session = open_session(address, Guard(), "midair tests")
        try:
            session.run([Sql("CREATE INDEX orders_customer ON orders (customer_id)")], atomic=True)
        finally:
            session.close()
        first = midair.plan(online(changelog, address)).steps[0]
        assert isinstance(first.action, RecordRevision)
        assert "MARK_RAN" in repr(first.action)

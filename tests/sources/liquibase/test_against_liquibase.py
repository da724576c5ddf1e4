"""The real Liquibase beside midair: the same schema, the same rows, and each goes on from the other."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.peers.databases import Cluster, Database, SQLite, cluster
from tests.peers.places import peer

from .beside import NOT_NEVER, Side, alike_after_every_command, handed_over, laid_out
from .online import BEFORE, laid_out_online
from .recorded import GOLDEN
from .sqlite_changes import laid_out_for_sqlite

pytestmark = pytest.mark.peers

CHANGELOG = "changelog.xml"


@pytest.fixture(scope="module")
def java_reachable() -> Generator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(params=["postgresql", "sqlite"])
def three(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Database, Database, Database]:
    if request.param == "sqlite":
        return SQLite(tmp_path / "1.db"), SQLite(tmp_path / "2.db"), SQLite(tmp_path / "3.db")
    running: Cluster = request.getfixturevalue("java_reachable")
    return running.database(), running.database(), running.database()


@pytest.fixture(params=["liquibase", "liquibase5"])
def program(request: pytest.FixtureRequest) -> Path:
    """4.29, whose sums the golden data has, and the newest."""
    return peer(request.param)


def side(program: Path, database: Database, project: str, root: Path) -> Side:
    if not root.exists():
        laid_out(GOLDEN / "projects" / project, root, CHANGELOG)
    return Side(program, root, CHANGELOG, database)


@pytest.mark.parametrize("project", ["core", "modern"])
def test_both_leave_the_same_schema_and_the_same_rows(
    three: tuple[Database, ...], project: str, tmp_path: Path
) -> None:
    ours, theirs = (side(peer("liquibase"), each, project, tmp_path / "project") for each in three[:2])
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert ours.rows() == theirs.rows()
    assert ours.database.schema() == theirs.database.schema()
    assert len(ours.rows()) > 10
    # never anything but what runs always, or is passed over again each time
    assert ours.waiting() == theirs.waiting()
    assert len(ours.waiting()) < 4


@pytest.mark.parametrize(
    "point",
    [pytest.param(3, marks=pytest.mark.slow), 40, pytest.param(80, marks=pytest.mark.slow)],
)
def test_each_takes_over_from_the_other_at_any_point(
    three: tuple[Database, ...], point: int, tmp_path: Path
) -> None:
    reference, begun_by_it, begun_by_us = (
        side(peer("liquibase"), each, "core", tmp_path / "project") for each in three
    )
    handed_over(reference, begun_by_it, begun_by_us, point)


@pytest.mark.parametrize("project", ["core", "modern"])
def test_the_newest_release_takes_our_rows_as_it_takes_those_of_the_older_one(
    java_reachable: Cluster, project: str, tmp_path: Path
) -> None:
    # it cannot run this corpus from empty itself: it no longer cuts at `@@` or at a lone `/`
    older, newest = peer("liquibase"), peer("liquibase5")
    ours, theirs = (side(older, java_reachable.database(), project, tmp_path / "project") for _ in range(2))
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert replace(ours, program=newest).waiting() == replace(theirs, program=newest).waiting()


def test_the_real_tool_finds_nothing_to_do_after_online_steps(
    program: Path, java_reachable: Cluster, tmp_path: Path
) -> None:
    root = laid_out_online(tmp_path / "project", rows=60_000)  # fewer are worked on as written
    ours, theirs = (Side(program, root, CHANGELOG, java_reachable.database()) for _ in range(2))
    theirs.real("update").ok()
    ours.midair("apply", BEFORE).ok()
    assert "CONCURRENTLY" in ours.midair("plan", "--sql", "--strategy", "online").ok().text
    ours.midair("apply", "--strategy", "online").ok()
    assert ours.waiting() == ()
    assert ours.rows() == theirs.rows()
    assert ours.database.schema() == theirs.database.schema()
    ours.real("rollback-count", "--count=4").ok()
    theirs.midair("rollback", "-4").ok()
    assert ours.database.schema() == theirs.database.schema()


def test_tables_made_anew_on_sqlite_are_those_the_real_tool_makes(program: Path, tmp_path: Path) -> None:
    root = laid_out_for_sqlite(tmp_path / "project")
    ours, theirs = (Side(program, root, CHANGELOG, SQLite(tmp_path / f"{number}.db")) for number in (1, 2))
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert ours.database.schema() == theirs.database.schema()
    assert ours.database.rows("SELECT * FROM t") == theirs.database.rows("SELECT * FROM t")
    assert ours.rows() == theirs.rows()
    assert ours.waiting() == ()


def test_every_command_leaves_the_rows_and_the_schema_the_real_one_leaves(
    program: Path, java_reachable: Cluster, tmp_path: Path
) -> None:
    ours, theirs = (
        replace(
            side(program, java_reachable.database(), "commands", tmp_path / "project"), variables=NOT_NEVER
        )
        for _ in range(2)
    )
    alike_after_every_command(ours, theirs)


def test_the_real_tool_goes_on_from_a_tag_of_ours(
    program: Path, java_reachable: Cluster, tmp_path: Path
) -> None:
    base = side(program, java_reachable.database(), "commands", tmp_path / "project")
    base.midair("apply", "+6").ok()
    base.midair("tag", "here").ok()
    before = base.rows()
    base.midair("apply", "+3").ok()
    assert "already exists" in base.real("tag-exists", "--tag=here").ok().text
    base.real("rollback", "--tag=here").ok()
    assert base.rows() == before
    base.midair("apply", "+3").ok()
    base.midair("rollback", "--to", "here").ok()
    assert base.rows() == before

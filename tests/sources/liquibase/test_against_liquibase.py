"""The real Liquibase beside midair: the same schema, the same rows, and each goes on from the other."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.peers.databases import Cluster, Database, SQLite, cluster
from tests.peers.places import peer

from .beside import Side, handed_over, laid_out
from .recorded import GOLDEN

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


def side(database: Database, project: str, root: Path) -> Side:
    if not root.exists():
        laid_out(GOLDEN / "projects" / project, root, CHANGELOG)
    return Side(peer("liquibase"), root, CHANGELOG, database)


@pytest.mark.parametrize("project", ["core", "modern"])
def test_both_leave_the_same_schema_and_the_same_rows(
    three: tuple[Database, ...], project: str, tmp_path: Path
) -> None:
    ours, theirs = (side(each, project, tmp_path / "project") for each in three[:2])
    theirs.real("update").ok()
    ours.midair("apply").ok()
    assert ours.rows() == theirs.rows()
    assert ours.database.schema() == theirs.database.schema()
    assert len(ours.rows()) > 10
    # never anything but what runs always, or is passed over again each time
    assert ours.waiting() == theirs.waiting()
    assert len(ours.waiting()) < 4


@pytest.mark.parametrize("point", [3, 40, 80])
def test_each_takes_over_from_the_other_at_any_point(
    three: tuple[Database, ...], point: int, tmp_path: Path
) -> None:
    reference, begun_by_it, begun_by_us = (side(each, "core", tmp_path / "project") for each in three)
    handed_over(reference, begun_by_it, begun_by_us, point)

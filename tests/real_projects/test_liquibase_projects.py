"""Two large public changelogs, XML and YAML, run by midair and by the real Liquibase."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.peers.databases import Cluster
from tests.peers.places import peer, public_project
from tests.sources.liquibase.beside import Side, handed_over, laid_out

pytestmark = [pytest.mark.real_projects, pytest.mark.peers, pytest.mark.slow]

CHANGELOGS = {"fineract": "db/changelog/db.changelog-master.xml", "gravitee": "liquibase/master.yml"}
RUNS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    # as the application starts it: once to take over from what was before, then for good
    "fineract": (
        {"LIQUIBASE_COMMAND_CONTEXTS": "tenant_db,initial_switch,postgresql"},
        {"LIQUIBASE_COMMAND_CONTEXTS": "tenant_db,postgresql"},
    ),
    "gravitee": (
        {
            "gravitee_prefix": "g_",
            "gravitee_rate_limit_prefix": "r_",
            "LIQUIBASE_DATABASE_CHANGELOG_TABLE_NAME": "g_databasechangelog",
            "LIQUIBASE_DATABASE_CHANGELOG_LOCK_TABLE_NAME": "g_databasechangeloglock",
        },
    ),
}
UUIDS = "CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'"
FEWEST = {"fineract": 400, "gravitee": 200}
"""Changesets: below, something of the project was not read."""


def fit_for_here(project: str, root: Path) -> None:
    """Takes out of Fineract what neither tool can run here: Java classes, and an extension the server does not ship."""
    if project != "fineract":
        return
    master = root / CHANGELOGS[project]
    lines = master.read_text().splitlines(keepends=True)
    # the tenant store's passwords are encrypted by Java classes
    master.write_text("".join(line for line in lines if "tenant-store" not in line))
    for path in root.rglob("*.xml"):
        text = path.read_text()
        path.write_text(text.replace('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"', UUIDS))


def sides(
    project: str, postgresql: Cluster, root: Path, count: int, program: str = "liquibase"
) -> tuple[Side, ...]:
    laid_out(public_project(project) / "liquibase", root, CHANGELOGS[project])
    fit_for_here(project, root)
    return tuple(Side(peer(program), root, CHANGELOGS[project], postgresql.database()) for _ in range(count))


@pytest.mark.parametrize("program", ["liquibase", "liquibase5"])
@pytest.mark.parametrize("project", sorted(CHANGELOGS))
def test_both_leave_the_same_schema_and_the_same_rows(
    project: str, program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    ours, theirs = sides(project, postgresql, tmp_path / "project", 2, program)
    for variables in RUNS[project]:
        ours, theirs = replace(ours, variables=variables), replace(theirs, variables=variables)
        theirs.real("update").ok()
        ours.midair("apply").ok()
    assert ours.rows() == theirs.rows()
    assert len(ours.rows()) > FEWEST[project]
    assert ours.database.schema() == theirs.database.schema()
    assert ours.waiting() == theirs.waiting()


@pytest.mark.parametrize(
    ("project", "point"),
    [
        ("gravitee", 10),
        ("gravitee", 100),
        ("gravitee", 200),
        ("fineract", 100),
        ("fineract", 500),
        ("fineract", 1000),
    ],
)
def test_each_takes_over_from_the_other_at_any_point(
    project: str, point: int, postgresql: Cluster, tmp_path: Path
) -> None:
    last = RUNS[project][-1]
    three = sides(project, postgresql, tmp_path / "project", 3)
    for before in RUNS[project][:-1]:
        for each in three:
            replace(each, variables=before).real("update").ok()
    reference, begun_by_it, begun_by_us = (replace(each, variables=last) for each in three)
    handed_over(reference, begun_by_it, begun_by_us, point)

"""Public Alembic projects, run by midair and by themselves: the same schema, the same history, up and down."""

from pathlib import Path

import pytest

from tests.peers.commands import Answer, midair
from tests.peers.databases import Database

from .alembic_projects import PROJECTS, AlembicProject

pytestmark = pytest.mark.real_projects

_IN_THE_GATE = ("optuna", "prefect")
_PROJECTS = [
    pytest.param(each, id=each.name, marks=() if each.name.startswith(_IN_THE_GATE) else pytest.mark.slow)
    for each in PROJECTS
]
_HISTORY = "SELECT version_num FROM alembic_version ORDER BY 1"


def _midair(verb: str, *words: str, project: AlembicProject, folder: Path, database: Database) -> Answer:
    where = ("-C", folder, "--url", database.url, "--python", project.python)
    return midair(verb, *words, *where, variables=project.variables(database, folder)).ok()


@pytest.mark.parametrize("project", _PROJECTS)
def test_midair_leaves_the_schema_and_history_that_the_project_itself_leaves(
    project: AlembicProject, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    worked_on, reference = two_databases
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    project.ready(ours, worked_on)
    project.ready(theirs, reference)
    project.up(theirs, reference)
    _midair("apply", project=project, folder=ours, database=worked_on)
    assert worked_on.schema() == reference.schema()
    assert worked_on.rows(_HISTORY) == reference.rows(_HISTORY)
    assert "(head)" in project.alembic(ours, worked_on, "current").ok().text

    target = project.way_back[worked_on.product]
    project.alembic(theirs, reference, "downgrade", target).ok()
    words = ("base",) if target == "base" else ("--to", target)
    _midair("rollback", *words, "--yes", project=project, folder=ours, database=worked_on)
    assert worked_on.schema() == reference.schema()
    assert worked_on.rows(_HISTORY) == reference.rows(_HISTORY)


@pytest.mark.parametrize("project", _PROJECTS)
def test_the_project_itself_goes_on_from_where_midair_stopped(
    project: AlembicProject, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    worked_on, reference = two_databases
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    project.ready(ours, worked_on)
    project.ready(theirs, reference)
    half = project.revisions(ours, worked_on) // 2
    _midair("apply", f"+{half}", project=project, folder=ours, database=worked_on)
    project.up(ours, worked_on)
    project.up(theirs, reference)
    assert worked_on.schema() == reference.schema()
    assert worked_on.rows(_HISTORY) == reference.rows(_HISTORY)
    said = _midair("status", project=project, folder=ours, database=worked_on).text
    assert "0 pending" in said or "nothing is pending" in said, said

"""Public Alembic projects, run by midair and by themselves: the same schema, the same history, up and down."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.commands import Answer, midair
from tests.peers.databases import Database

from .alembic_projects import PROJECTS, AlembicProject

pytestmark = pytest.mark.real_projects

_IN_THE_GATE = ("optuna",)
_PROJECTS = [
    pytest.param(each, id=each.name, marks=() if each.name.startswith(_IN_THE_GATE) else pytest.mark.slow)
    for each in PROJECTS
]
_HISTORY = "SELECT version_num FROM alembic_version ORDER BY 1"


@dataclass(frozen=True)
class Twice:
    """The project's folder and database that midair works on, and those that are left to the project itself."""

    project: AlembicProject
    ours: Path
    worked_on: Database
    theirs: Path
    reference: Database

    def midair(self, verb: str, *words: str) -> Answer:
        where = ("-C", self.ours, "--url", self.worked_on.url, "--python", self.project.python)
        return midair(verb, *words, *where, variables=self.project.variables(self.worked_on, self.ours)).ok()

    def are_the_same(self) -> None:
        """Fails where schema or history differ."""
        assert self.worked_on.schema() == self.reference.schema()
        assert self.worked_on.rows(_HISTORY) == self.reference.rows(_HISTORY)


@pytest.fixture
def twice(project: AlembicProject, two_databases: tuple[Database, Database], tmp_path: Path) -> Twice:
    """Both made ready for the project that is the test's parameter."""
    worked_on, reference = two_databases
    made = Twice(project, tmp_path / "ours", worked_on, tmp_path / "theirs", reference)
    project.ready(made.ours, worked_on)
    project.ready(made.theirs, reference)
    return made


@pytest.mark.parametrize("project", _PROJECTS)
def test_midair_leaves_the_schema_and_history_that_the_project_itself_leaves(
    project: AlembicProject, twice: Twice
) -> None:
    project.up(twice.theirs, twice.reference)
    twice.midair("apply")
    twice.are_the_same()
    assert "(head)" in project.alembic(twice.ours, twice.worked_on, "current").ok().text

    target = project.way_back[twice.worked_on.product]
    project.alembic(twice.theirs, twice.reference, "downgrade", target).ok()
    twice.midair("rollback", *(("base",) if target == "base" else ("--to", target)), "--yes")
    twice.are_the_same()


@pytest.mark.parametrize("project", _PROJECTS)
def test_the_project_itself_goes_on_from_where_midair_stopped(project: AlembicProject, twice: Twice) -> None:
    half = project.revisions(twice.ours, twice.worked_on) // 2
    twice.midair("apply", f"+{half}")
    project.up(twice.ours, twice.worked_on)
    project.up(twice.theirs, twice.reference)
    twice.are_the_same()
    said = twice.midair("status").text
    assert "0 pending" in said or "nothing is pending" in said, said

"""Public projects applied online, every table treated as large: the schema is the one their own tools leave."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import midair
from midair.errors import GateInTheWay, NotOnline
from midair.model.address import Secret
from midair.model.plan import RunLive
from tests.peers.databases import Cluster, Database
from tests.peers.places import public_project
from tests.support.listening import Remembering

from .alembic_projects import PROJECTS, AlembicProject
from .test_liquibase_projects import CHANGELOGS, RUNS, sides
from .test_sql_projects import prepare

pytestmark = [pytest.mark.real_projects, pytest.mark.slow]

_TOOLS = ("golang-migrate", "flyway", "dbmate", "goose")
_CORPORA = (
    *((corpus, tool) for corpus in ("litellm", "procrastinate") for tool in _TOOLS),
    ("harbor", "golang-migrate"),
    ("kestra", "flyway"),
    ("cwa-server", "flyway"),
)
_HISTORY = "SELECT version_num FROM alembic_version ORDER BY 1"
_CHANGESETS = {"fineract": 300, "gravitee": 60}
_PART = 12
"""Migrations a run: tables that an earlier run made are old and large for the next."""


@pytest.mark.parametrize(("corpus", "tool"), _CORPORA)
def test_sql_applied_online_in_parts_leaves_the_schema_of_the_naive_statements(
    corpus: str, tool: str, postgresql: Cluster, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(public_project(corpus) / tool, folder)
    written, online = postgresql.database(), postgresql.database()
    for each in (written, online):
        prepare(corpus, each)
    midair.apply(_request(folder, written, "direct"), Remembering())
    used = _apply_in_parts(_request(folder, online, "online"))
    assert _lines(online) == _lines(written)
    assert corpus not in ("litellm", "harbor", "kestra") or used


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)
def test_alembic_applied_online_in_parts_leaves_the_schema_the_project_itself_leaves(
    project: AlembicProject, postgresql: Cluster, tmp_path: Path
) -> None:
    online, reference = postgresql.database(), postgresql.database()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    project.ready(ours, online)
    project.ready(theirs, reference)
    project.up(theirs, reference)
    variables = {**os.environ, **project.variables(online, ours)}
    request = _request(ours, online, "online", python=str(project.python), variables=variables)
    used = _apply_in_parts(request)
    assert _lines(online) == _lines(reference)
    assert online.rows(_HISTORY) == reference.rows(_HISTORY)
    assert used or project.name == "optuna"  # its revisions are brief, or programs that stay whole


@pytest.mark.peers
@pytest.mark.parametrize("project", sorted(CHANGELOGS))
def test_a_changelog_applied_online_in_parts_leaves_the_schema_the_real_liquibase_leaves(
    project: str, postgresql: Cluster, tmp_path: Path
) -> None:
    ours, theirs = sides(project, postgresql, tmp_path / "project", 2)
    used: list[str] = []
    for variables in RUNS[project]:
        replace(theirs, variables=variables).real("update").ok()
        known = {**os.environ, **variables}
        used += _apply_in_parts(
            _request(ours.root, ours.database, "online", variables=known), part=_CHANGESETS[project]
        )
    assert _lines(ours.database) == _lines(theirs.database)
    assert (
        replace(ours, variables=RUNS[project][-1]).rows()
        == replace(theirs, variables=RUNS[project][-1]).rows()
    )
    assert used


def _lines(database: Database) -> list[str]:
    """The dump's lines in order of their text; a column that changed its type by a second one stands last, without a comma."""
    return sorted(line.rstrip(",") for line in database.schema())


def _request(folder: Path, database: Database, strategy: str, **more: object) -> midair.Request:
    url = Secret(database.url)
    return midair.Request(folder, url=url, strategy=strategy, small_table_bytes=-1, **more)


def _apply_in_parts(request: midair.Request, part: int = _PART) -> Sequence[str]:
    """Applies everything, a few migrations a run, and closes each gate before what waits for it; the rewrites that
    had a hand in it. What `online` refuses is run as in a window.
    """
    used: list[str] = []
    most, strategy = part, "online"
    while True:
        now = replace(request, strategy=strategy)
        try:
            made = midair.plan(now, f"+{part}")
            if not made.segments:
                break
            used += [step.rewrite for step in made.steps if step.rewrite]
            used += [
                "watched" for step in made.steps if isinstance(step.action, RunLive) and step.action.watched
            ]
            midair.apply(now, Remembering(), f"+{part}")
            part, strategy = most, "online"
        except (GateInTheWay, NotOnline) as error:
            if part > 1:
                part = 1  # those before it first
            elif isinstance(error, NotOnline):
                strategy = "direct"
            else:
                midair.contract(request, Remembering(), force=True)
    midair.contract(request, Remembering(), force=True)
    return used

"""Public SQL migrations as projects of four tools, run by midair and by the tool itself."""

import shutil
from pathlib import Path

import pytest

from tests.peers.commands import Answer, midair
from tests.peers.databases import Cluster, Database, PostgreSQL
from tests.peers.places import public_project
from tests.peers.tools import TOOLS, Tool

pytestmark = [pytest.mark.real_projects, pytest.mark.peers]

_IN_THE_GATE = (
    ("litellm", "flyway"),
    ("litellm", "golang_migrate"),
    ("procrastinate", "dbmate"),
    ("procrastinate", "goose"),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}
_FOLDER = {"golang_migrate": "golang-migrate", "flyway9": "flyway"}
_CORPORA = (
    *tuple(
        (corpus, tool)
        for corpus in ("litellm", "procrastinate")
        for tool in ("flyway", "flyway9", "golang_migrate", "dbmate", "goose")
    ),
    ("harbor", "golang_migrate"),
    ("cwa-server", "flyway"),
    ("kestra", "flyway"),
)
_CASES = [pytest.param(*each, marks=() if each in _IN_THE_GATE else pytest.mark.slow) for each in _CORPORA]
"""The gate has minutes; `make long` runs them all."""


def _copy(corpus: str, tool: str, folder: Path) -> Path:
    _BY_NAME[tool].ready()
    kept = public_project(corpus) / _FOLDER.get(tool, tool)
    shutil.copytree(kept, folder)
    return folder


def prepare(corpus: str, database: PostgreSQL) -> None:
    """Roles that a corpus expects of its server."""
    if corpus == "cwa-server":
        database.run(_CWA_ROLES)


_CWA_ROLES = "".join(
    f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
    for role in (
        "cwa_submission",
        "cwa_distribution",
        "cwa_chgs_upload",
        "cwa_federation_callback",
        "cwa_federation_download",
        "cwa_federation_upload",
    )
)


def _files(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.sql"))


def _midair(verb: str, *words: str, folder: Path, database: Database) -> Answer:
    return midair(verb, *words, "-C", folder, "--url", database.url).ok()


@pytest.mark.parametrize(("corpus", "tool"), _CASES)
def test_midair_leaves_the_schema_and_history_that_the_tool_itself_leaves(
    corpus: str, tool: str, postgresql: Cluster, tmp_path: Path
) -> None:
    ours = _copy(corpus, tool, tmp_path / "ours")
    count = _files(ours)
    theirs = _copy(corpus, tool, tmp_path / "theirs")
    worked_on, reference = postgresql.database(), postgresql.database()
    prepare(corpus, worked_on)
    real: Tool = _BY_NAME[tool]
    real.up(theirs, reference)
    _midair("apply", folder=ours, database=worked_on)
    assert worked_on.schema() == reference.schema()
    assert worked_on.rows(real.history) == reference.rows(real.history)
    if (
        tool != "golang_migrate" or corpus != "harbor"
    ):  # Harbor's versions have gaps, so its last is not its count
        real.content(ours, worked_on, count)


@pytest.mark.parametrize(("corpus", "tool"), _CASES)
def test_the_tool_itself_goes_on_from_where_midair_stopped(
    corpus: str, tool: str, postgresql: Cluster, tmp_path: Path
) -> None:
    project = _copy(corpus, tool, tmp_path / "project")
    theirs = _copy(corpus, tool, tmp_path / "theirs")
    shared, reference = postgresql.database(), postgresql.database()
    prepare(corpus, shared)
    real: Tool = _BY_NAME[tool]
    _midair("apply", f"+{_files(project) // 2}", folder=project, database=shared)
    real.up(project, shared)
    real.up(theirs, reference)
    assert shared.schema() == reference.schema()
    assert shared.rows(real.history) == reference.rows(real.history)

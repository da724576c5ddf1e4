"""A database goes from the real tool to midair and back, and neither can tell that the other was there."""

from pathlib import Path

import pytest

from .commands import midair
from .databases import Database
from .shop import CHANGES
from .tools import TOOLS, Tool

pytestmark = pytest.mark.peers


def _real_tool_alone(tool: Tool, folder: Path, database: Database, count: int) -> None:
    tool.lay_out(folder, database, count)
    tool.up(folder, database)


def _same(tool: Tool, shared: Database, reference: Database) -> None:
    assert shared.schema() == reference.schema()
    assert shared.rows(tool.history) == reference.rows(tool.history)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_real_tool_goes_on_where_midair_went_on_where_the_real_tool_stopped(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    shared, reference = two_databases
    count = len(CHANGES[shared.product])
    project = tmp_path / "project"
    _real_tool_alone(tool, project, shared, count // 2)
    tool.lay_out(project, shared, count)
    midair("apply", f"+{count // 4}", "-C", project, "--url", shared.url).ok()
    tool.up(project, shared)
    tool.content(project, shared, count)
    _real_tool_alone(tool, tmp_path / "reference", reference, count)
    _same(tool, shared, reference)
    assert "pending" not in midair("status", "-C", project, "--url", shared.url).ok().text.splitlines()[-1]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_midair_goes_on_where_the_real_tool_went_on_where_midair_stopped(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    shared, reference = two_databases
    count = len(CHANGES[shared.product])
    project, middle = tmp_path / "project", tmp_path / "middle"
    tool.lay_out(project, shared, count)
    midair("apply", f"+{count // 2}", "-C", project, "--url", shared.url).ok()
    _real_tool_alone(tool, middle, shared, count * 3 // 4)
    tool.content(middle, shared, count * 3 // 4)
    midair("apply", "-C", project, "--url", shared.url).ok()
    tool.content(project, shared, count)
    _real_tool_alone(tool, tmp_path / "reference", reference, count)
    _same(tool, shared, reference)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_midair_rolls_back_what_the_real_tool_applied_and_the_real_tool_applies_it_again(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    shared, reference = two_databases
    count = len(CHANGES[shared.product])
    project = tmp_path / "project"
    _real_tool_alone(tool, project, shared, count)
    midair("rollback", "-3", "-C", project, "--url", shared.url, "--yes").ok()
    _real_tool_alone(tool, tmp_path / "shorter", reference, count - 3)
    assert shared.schema() == reference.schema()
    tool.content(tmp_path / "shorter", shared, count - 3)
    tool.up(project, shared)
    tool.content(project, shared, count)


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.down], ids=lambda tool: tool.name)
def test_the_real_tool_rolls_back_what_midair_applied(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    assert tool.down is not None
    shared, reference = two_databases
    count = len(CHANGES[shared.product])
    project = tmp_path / "project"
    tool.lay_out(project, shared, count)
    midair("apply", "-C", project, "--url", shared.url).ok()
    for _ in range(3):
        tool.down(project, shared)
    _real_tool_alone(tool, tmp_path / "shorter", reference, count - 3)
    assert shared.schema() == reference.schema()
    midair("apply", "-C", project, "--url", shared.url).ok()
    tool.content(project, shared, count)

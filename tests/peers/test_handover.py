"""A database goes from the real tool to midair and back, and neither can tell that the other was there."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from .commands import Answer, midair
from .databases import Database
from .shop import CHANGES
from .tools import TOOLS, Tool

pytestmark = pytest.mark.peers


@dataclass(frozen=True)
class Handover:
    """A project of the shop's `count` migrations, the database that both work on, and one for the real tool alone."""

    tool: Tool
    project: Path
    shared: Database
    reference: Database

    @property
    def count(self) -> int:
        return len(CHANGES[self.shared.product])

    def midair(self, *words: str) -> Answer:
        """One command on the shared database."""
        return midair(*words, "-C", self.project, "--url", self.shared.url).ok()

    def alone(self, count: int) -> None:
        """The real tool takes the database of its own through the first migrations."""
        _real_tool_alone(self.tool, self.project.parent / "alone", self.reference, count)

    def ends_as_the_real_tool_alone(self) -> None:
        """Schema and history are those of the real tool that was never disturbed."""
        self.tool.content(self.project, self.shared, self.count)
        self.alone(self.count)
        assert self.shared.schema() == self.reference.schema()
        assert self.shared.rows(self.tool.history) == self.reference.rows(self.tool.history)


@pytest.fixture
def handover(tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path) -> Handover:
    """The tool is the test's parameter; skips the test where it is not installed."""
    tool.ready()
    return Handover(tool, tmp_path / "project", *two_databases)


def _real_tool_alone(tool: Tool, folder: Path, database: Database, count: int) -> None:
    tool.lay_out(folder, database, count)
    tool.up(folder, database)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_real_tool_goes_on_where_midair_went_on_where_the_real_tool_stopped(
    tool: Tool, handover: Handover
) -> None:
    project, shared, count = handover.project, handover.shared, handover.count
    _real_tool_alone(tool, project, shared, count // 2)
    tool.lay_out(project, shared, count)
    handover.midair("apply", f"+{count // 4}")
    tool.up(project, shared)
    handover.ends_as_the_real_tool_alone()
    assert "pending" not in handover.midair("status").text.splitlines()[-1]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_midair_goes_on_where_the_real_tool_went_on_where_midair_stopped(
    tool: Tool, handover: Handover, tmp_path: Path
) -> None:
    shared, count, middle = handover.shared, handover.count, tmp_path / "middle"
    tool.lay_out(handover.project, shared, count)
    handover.midair("apply", f"+{count // 2}")
    _real_tool_alone(tool, middle, shared, count * 3 // 4)
    tool.content(middle, shared, count * 3 // 4)
    handover.midair("apply")
    handover.ends_as_the_real_tool_alone()


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_midair_rolls_back_what_the_real_tool_applied_and_the_real_tool_applies_it_again(
    tool: Tool, handover: Handover
) -> None:
    project, shared, count = handover.project, handover.shared, handover.count
    _real_tool_alone(tool, project, shared, count)
    handover.midair("rollback", "-3", "--yes")
    handover.alone(count - 3)
    assert shared.schema() == handover.reference.schema()
    tool.content(project.parent / "alone", shared, count - 3)
    tool.up(project, shared)
    tool.content(project, shared, count)


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.down], ids=lambda tool: tool.name)
def test_the_real_tool_rolls_back_what_midair_applied(tool: Tool, handover: Handover) -> None:
    assert tool.down is not None
    project, shared, count = handover.project, handover.shared, handover.count
    tool.lay_out(project, shared, count)
    handover.midair("apply")
    for _ in range(3):
        tool.down(project, shared)
    handover.alone(count - 3)
    assert shared.schema() == handover.reference.schema()
    handover.midair("apply")
    tool.content(project, shared, count)

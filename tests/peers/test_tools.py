"""The comparison itself is sound: each real tool alone takes the shop to its end, and back where it can."""

from pathlib import Path

import pytest

from .databases import Database
from .shop import CHANGES
from .tools import TOOLS, Tool

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_real_tool_alone_applies_the_shop_in_two_runs_as_in_one(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    count = len(CHANGES[two_databases[0].product])
    for part, (database, stops) in enumerate(zip(two_databases, ((6, count), (count,)), strict=True)):
        folder = tmp_path / f"project{part}"
        for stop in stops:
            tool.lay_out(folder, database, stop)
            tool.up(folder, database)
            tool.content(folder, database, stop)
    assert two_databases[0].schema() == two_databases[1].schema()
    assert two_databases[0].rows(tool.history) == two_databases[1].rows(tool.history)
    assert any("big_orders" in line for line in two_databases[0].schema())


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.down], ids=lambda tool: tool.name)
def test_a_real_tool_undoes_the_newest_migration_of_the_shop(
    tool: Tool, two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    tool.ready()
    assert tool.down is not None
    database, shorter = two_databases
    count = len(CHANGES[database.product])
    for folder, target, stop in ((tmp_path / "a", database, count), (tmp_path / "b", shorter, count - 1)):
        tool.lay_out(folder, target, stop)
        tool.up(folder, target)
    tool.down(tmp_path / "a", database)
    assert database.schema() == shorter.schema()

"""Beside pgroll: the same rename, the same two versions at work; the bench that compares them measures what it says."""

from collections.abc import Generator
from typing import Any

import pytest
from bench import pgroll as beside
from bench.scenarios.world import Size, fresh_server, world

from midair.rehearsal.server import Server

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not (beside.PEERS / "bin" / "pgroll").exists(), reason="pgroll is not installed"),
]


@pytest.fixture(scope="module")
def own_server() -> Generator[Server]:
    with fresh_server(None) as server:
        yield server


@pytest.mark.parametrize("tool", [beside.midair, beside.pgroll])
@pytest.mark.parametrize("back", [False, True])
def test_a_rename_loses_nothing_with_either_tool(own_server: Server, tool: Any, back: bool) -> None:
    with world(own_server, Size(rows=500, seconds=0.5, rate=40, clients=1, kills=0)) as here:
        result = beside.lived(tool, here, beside.CHANGES[0], back=back)
    assert result.broken == []
    assert result.errors == []
    assert result.wrong == 0
    assert result.facts.get("left", "0") == "0"

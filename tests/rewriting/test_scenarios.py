"""The acceptance scenarios of bench/scenarios, briefly: every limit but the times, which need a quiet machine."""

from collections.abc import Generator

import pytest
from bench.scenarios import found
from bench.scenarios.world import SHORT, fresh_server, world

from midair.rehearsal.server import Server

QUICK = ("7", "9")
SCENARIOS = {f"{each.number} {each.name}": each for each in found()}


@pytest.fixture(scope="module")
def own_server() -> Generator[Server]:
    with fresh_server(None) as server:
        yield server


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if each.number in QUICK else pytest.mark.slow)
        for name, each in SCENARIOS.items()
    ],
)
def test_a_scenario_keeps_its_limits(own_server: Server, name: str) -> None:
    with world(own_server, SHORT) as here:
        result = SCENARIOS[name].run(here)
    assert result.broken == []
    assert result.errors == []
    assert result.wrong == 0
    assert result.waits or result.facts

"""The acceptance scenarios of bench/scenarios, briefly: every limit but the times, which need a quiet machine."""

import time

import psycopg
import pytest
from bench.scenarios import found
from bench.scenarios.application import Version, running, seed, wrong
from bench.scenarios.life import OLD, felt_by, judged
from bench.scenarios.tools import installed
from bench.scenarios.world import SHORT, Result, world
from tests.rewriting.scenes import harmed_nobody

from midair.rehearsal.server import Server

QUICK = ("7", "10", "14")
"""Over in a few seconds each."""
SCENARIOS = {f"{each.number} {each.name}": each for each in found()}


def _marked(name: str) -> object:
    number = SCENARIOS[name].number
    marks = [] if number in QUICK else [pytest.mark.slow]
    if number == "12":
        marks += [
            pytest.mark.peers,
            pytest.mark.skipif(not installed(), reason="scripts/install_peers.sh brings the tools"),
        ]
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [_marked(name) for name in SCENARIOS])
def test_a_scenario_keeps_its_limits(own_server: Server, name: str) -> None:
    with world(own_server, SHORT) as here:
        result = SCENARIOS[name].run(here)
    harmed_nobody(result)
    assert result.felt or result.facts


def test_every_scenario_of_the_list_is_here() -> None:
    """All but those whose number says what they belong to are numbered as the list is."""
    assert {each.number for each in SCENARIOS.values()} - {"copies", "drops", "moves", "pooler"} == {
        str(number) for number in range(1, 15)
    }
    assert len(SCENARIOS) == len(found())


def test_a_row_that_differs_from_the_oracle_is_counted(own_server: Server) -> None:
    """The scenarios' own proof can fail: one value, one row too many and one too few are three wrong rows."""
    with world(own_server, SHORT) as here:
        seed(here)
        assert wrong(here, OLD) == 0
        here.tell("UPDATE orders SET total = total + 1 WHERE id = 1", "DELETE FROM orders WHERE id = 2")
        here.tell("INSERT INTO orders (id) VALUES (-1)")
        assert wrong(here, OLD) == 3


def test_a_statement_the_schema_no_longer_serves_is_an_application_error(own_server: Server) -> None:
    with world(own_server, SHORT) as here:
        seed(here)
        result = Result()
        with running(here, [Version("stale", total="amount")], result):
            time.sleep(0.3)
        assert any("42703" in each for each in result.errors)
        assert judged(here, result).broken


def test_a_wait_behind_a_tools_lock_is_laid_at_its_door(own_server: Server) -> None:
    with world(own_server, SHORT) as here:
        seed(here)
        result = Result()
        with (
            felt_by(here, result),
            running(here, [OLD], result),
            psycopg.connect(here.url, application_name="midair at work") as tool,
        ):
            tool.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            time.sleep(0.4)
        assert result.lock_ms > 100
        assert "midair at work" in result.lock_by

"""A run of live programs, cut off anywhere by anything, comes to what the tool itself leaves, and does nothing twice."""

import os
import random
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.execution.live_survival import cut, live_reference_on
from tests.rewriting.survival import Reference, assert_lands, kill, restart, survive, survive_every
from tests.support.live_shop import kept_beside
from tests.support.restarts import restartable_server

from midair.rehearsal.server import Server

PARTS = 8
"""Each takes minutes."""
RANDOM_KILLS = int(os.environ.get("MIDAIR_RANDOM_KILLS", "5"))


@pytest.fixture(scope="module")
def reference(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Reference]:
    with live_reference_on(server, tmp_path_factory.mktemp("live")) as made:
        yield made


def test_kills_one_after_the_other_come_to_what_the_tool_leaves(server: Server, tmp_path: Path) -> None:
    with live_reference_on(server, tmp_path, more=()) as made:
        chance, address = random.Random(20261121), made.database()
        for _ in range(3):
            at = chance.randrange(4, made.events)
            made.fly(address, dies_at=at, wait_s=30).cut_off()
        assert_lands(made, address)
        assert kept_beside(address) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(PARTS))
def test_a_kill_at_every_event_comes_to_what_the_tool_leaves(reference: Reference, first: int) -> None:
    events = range(first, reference.events, PARTS)
    assert survive_every(reference, kill(), events)["cut off"] == len(events)


@pytest.mark.slow
@pytest.mark.parametrize("first", [3, 9])
def test_connections_cut_at_an_event_come_to_what_the_tool_leaves(reference: Reference, first: int) -> None:
    ended = survive_every(reference, cut(reference, random.Random(first)), range(first, reference.events, 12))
    assert ended["cut off"] > len(range(first, reference.events, 12)) // 2


@pytest.mark.slow
def test_a_server_that_stops_at_an_event_comes_to_what_the_tool_leaves(tmp_path: Path) -> None:
    with restartable_server() as own, live_reference_on(own.server, tmp_path) as made:
        events = range(4, made.events, 12)
        assert survive_every(made, restart(own), events)["cut off"] == len(events)


@pytest.mark.slow
def test_kills_at_random_instants_come_to_what_the_tool_leaves(reference: Reference) -> None:
    ended = survive(reference, kill(), RANDOM_KILLS, random.Random(3))
    assert ended["cut off"] == RANDOM_KILLS


@pytest.mark.slow
def test_cut_connections_of_midair_or_of_the_program_come_to_what_the_tool_leaves(
    reference: Reference,
) -> None:
    chance = random.Random(5)
    ended = survive(reference, cut(reference, chance), RANDOM_KILLS, chance)
    assert ended["cut off"] == RANDOM_KILLS


@pytest.mark.slow
def test_a_server_that_stops_under_a_program_comes_to_what_the_tool_leaves(tmp_path: Path) -> None:
    with restartable_server() as own, live_reference_on(own.server, tmp_path) as made:
        ended = survive(made, restart(own), RANDOM_KILLS, random.Random(7))
    assert ended["cut off"] == RANDOM_KILLS

"""A kill at any event of a split or a merge, its contract or its rollback leaves what the same command, given again, finishes."""

from collections.abc import Generator

import pytest
from tests.rewriting.test_crash_recipes import BEFORE, States
from tests.rewriting.test_crash_types import killed_at, states_of
from tests.rewriting.test_merge_columns import DECLARED
from tests.rewriting.test_merge_columns import GIVEN as PEOPLE
from tests.rewriting.test_split_table import SPLIT, USERS

from midair.rehearsal.server import Server

_EVERY = 11
"""The default suite kills at every so many events; `make long` at each."""


@pytest.fixture(scope="module")
def states(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[States]:
    sql = SPLIT + DECLARED["above each drop"]
    with states_of(server, tmp_path_factory.mktemp("split"), USERS + PEOPLE, sql) as made:
        yield made


@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_now_and_then_is_finished_by_the_same_command(states: States, command: str) -> None:
    events = range(3, states.events[command], _EVERY)
    assert events
    for event in events:
        killed_at(states, command, event)


@pytest.mark.slow
@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_at_every_event_is_finished_by_the_same_command(states: States, command: str) -> None:
    assert states.events[command] > 3
    for event in range(states.events[command]):
        killed_at(states, command, event)

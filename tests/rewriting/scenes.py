"""The scenarios of bench/scenarios as tests run them: briefly, forth and back, and with nobody harmed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import pytest
from bench.scenarios.world import Result


class Named(Protocol):
    """A change that a scenario is about."""

    @property
    def name(self) -> str: ...


Change = TypeVar("Change", bound=Named)


def forth_and_back(
    changes: Iterable[Change], goes_back: Callable[[Change], bool] = lambda change: True
) -> Mapping[str, tuple[Change, bool]]:
    """Each change on its way to contract, and to a rollback where it `goes_back`."""
    return {
        f"{each.name}, {'back' if back else 'forth'}": (each, back)
        for each in changes
        for back in (False, True)
        if not back or goes_back(each)
    }


def slow_but_for(quick: Iterable[str], names: Iterable[str]) -> list[Any]:
    """The names as parameters; all but the quick ones are left to the long suite."""
    return [pytest.param(each, marks=() if each in quick else pytest.mark.slow) for each in names]


def harmed_nobody(result: Result) -> None:
    """Every limit was kept, no statement failed and no row differs from the oracle."""
    assert result.broken == []
    assert result.errors == []
    assert result.wrong == 0

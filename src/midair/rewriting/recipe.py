"""What a recipe is: a change that would break the running application, in phases both its versions live through."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from midair.model.contract import Archive, Ground, Held, Need
from midair.model.effects import LockLevel
from midair.rewriting.piece import Piece
from midair.rewriting.rewrite import Case


@dataclass(frozen=True, slots=True)
class Phases:
    """What to do before both versions run, and what waits until the old one is gone. See `Contract` for the fields.

    `notes` are what the reader of the plan should know of the time between. `takes` counts the following statements
    that are done with this one.
    """

    expand: tuple[Piece, ...]
    contract: tuple[str, ...]
    locks: tuple[tuple[str, LockLevel], ...]
    summary: str
    holds: tuple[Held, ...]
    reverses: str
    verify: Need
    old: tuple[str, str | None] | None = None
    also: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    undo_first: tuple[str, ...] = ()
    undo_after: tuple[str, ...] = ()
    undo_locks: tuple[tuple[str, LockLevel], ...] = ()
    undo_needs: tuple[Need, ...] = ()
    cascades: bool = False
    wire: str | None = None
    archive: Archive | None = None
    comes_back: str = ""
    additive: bool = False
    grounds: tuple[Ground, ...] = ()
    notes: tuple[str, ...] = ()
    takes: int = 0


@dataclass(frozen=True, slots=True)
class NoWay:
    """No recipe keeps both versions running through this change here. `why` is a clause, `ways` what to do instead."""

    why: str
    ways: str


ARCHIVED = "; with `archive` set, all of it for so long"
"""What `comes_back` adds where a recipe can put aside what goes away."""

Answer = Phases | NoWay | None
"""`None`: the change breaks nobody here, and is left to the rewrites."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe; `on`, `answers` and `page` as for a rewrite."""

    name: str
    on: tuple[type, ...]
    make: Callable[[Any, Case], Answer]
    answers: frozenset[str]
    page: str

    @property
    def title(self) -> str:
        """The page's first line."""
        return self.page.strip().splitlines()[0]


def recipe(
    name: str, *on: type, answers: tuple[str, ...] = ()
) -> Callable[[Callable[[Any, Case], Answer]], Recipe]:
    """Turns a function into the recipe its module stands for."""

    def made(make: Callable[[Any, Case], Answer]) -> Recipe:
        page = sys.modules[make.__module__].__doc__ or ""
        return Recipe(name, on, make, frozenset(answers), page)

    return made

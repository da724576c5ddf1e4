"""What a rewrite is: it looks at one kind of change where it meets a schema, and gives the safe steps."""

import sys
from collections.abc import Callable
from typing import Any

from midair.model.effects import Effects
from midair.model.frozen import frozen
from midair.model.schema import Table
from midair.model.statement import Statement
from midair.rewriting.piece import Answer
from midair.rewriting.scene import Scene


@frozen
class Case:
    """One change of one action, with its statement's text, what it costs here, and the scene it meets.

    `following` are the statements after it in the same migration, where they may be taken together with it.
    """

    statement: Statement
    effects: Effects
    scene: Scene
    following: tuple[Statement, ...] = ()

    @property
    def sql(self) -> str:
        """The statement's text."""
        return self.statement.sql

    @property
    def is_long(self) -> bool:
        """As written, its time would grow with a table that may be large."""
        return bool(self.scene.long_work(self.effects))

    def table(self, name: str) -> Table | None:
        """A table that others may use; `None` when it is not there or this plan made it."""
        return None if name in self.scene.born else self.scene.schema.tables.get(name)


@frozen
class Rewrite:
    """One rewrite. `on` are the kinds of `Change` it is for, `answers` the rules whose finding it takes care of.

    `page` is the module's docstring: what it does, why it is right, and its steps, for the docs.
    """

    name: str
    on: tuple[type, ...]
    make: Callable[[Any, Case], Answer]
    answers: frozenset[str]
    page: str

    @property
    def title(self) -> str:
        """The page's first line."""
        return self.page.strip().splitlines()[0]


def rewrite(
    name: str, *on: type, answers: tuple[str, ...] = ()
) -> Callable[[Callable[[Any, Case], Answer]], Rewrite]:
    """Turns a function into the rewrite its module stands for."""

    def made(make: Callable[[Any, Case], Answer]) -> Rewrite:
        page = sys.modules[make.__module__].__doc__ or ""
        return Rewrite(name, on, make, frozenset(answers), page)

    return made

"""What a rule is: it looks at one kind of thing in its context and says what is wrong."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from midair.model.finding import Remedy, Risk
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.statement import Span


@frozen
class Concern:
    """What a rule has to say about one change. `risk` is `None` for the rule's own.

    `table` is the one whose size decides how bad it is. `span` and `revision` are for rules that
    look at more than one statement: where it stands.
    """

    message: str
    remedy: Remedy
    risk: Risk | None = None
    table: str | None = None
    span: Span | None = None
    revision: RevisionId | None = None
    sql: str | None = None


@frozen
class Rule:
    """One rule. `on` are the kinds of `Change` it looks at, or `Act`, `Story`, `Line` (see `context`).

    `grows` tells that the harm grows with the table, so a small one lowers the risk. `recipe` is
    the rewrite that makes it safe online. `default` is false for rules a project turns on. `page`
    is the module's docstring: its page and its test.
    """

    code: str
    name: str
    risk: Risk
    on: tuple[type, ...]
    look: Callable[[Any, Any], Iterator[Concern]]
    page: str
    recipe: str | None = None
    grows: bool = False
    default: bool = True

    @property
    def title(self) -> str:
        """The page's first line."""
        return self.page.strip().splitlines()[0]


def rule(
    code: str,
    name: str,
    risk: Risk,
    *on: type,
    recipe: str | None = None,
    grows: bool = False,
    default: bool = True,
) -> Callable[[Callable[[Any, Any], Iterator[Concern]]], Rule]:
    """Turns a function into the rule its module stands for."""

    def made(look: Callable[[Any, Any], Iterator[Concern]]) -> Rule:
        page = sys.modules[look.__module__].__doc__ or ""
        return Rule(code, name, risk, on, look, page, recipe, grows, default)

    return made

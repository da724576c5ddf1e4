"""What every format becomes first: named nodes with text and children, each knowing its line (liquibase.md §1.1)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from operator import is_

from midair.errors import BadMigration
from midair.model.frozen import frozen
from midair.model.statement import Span

MOST_BYTES = 32_000_000
"""No changelog file is larger; a larger one is an attack or a mistake."""
MOST_NODES = 500_000
DEEPEST = 100


@frozen
class Node:
    """An element, an attribute or a map entry alike: `text` is its own value, `None` when it has none.

    Names compare ignoring case, as Liquibase does since 4.8.
    """

    name: str
    text: str | None
    children: tuple["Node", ...]
    span: Span
    lead: int = 0
    """Lines from where the span begins to where the text does, once blanks around it are trimmed."""
    _named: dict[str, list["Node"]] | None = field(default=None, init=False, repr=False, compare=False)
    """The children by lower-case name, made when first asked for: a changeSet is asked for two dozen names."""

    @property
    def text_span(self) -> Span:
        """Where the text begins."""
        return replace(self.span, line=self.span.line + self.lead) if self.lead else self.span

    def all(self, name: str) -> Iterator["Node"]:
        """The children of this name, in order."""
        return iter(self._by_name().get(name.lower(), ()))

    def _by_name(self) -> dict[str, list["Node"]]:
        if self._named is not None:
            return self._named
        named: dict[str, list[Node]] = {}
        for each in self.children:
            named.setdefault(each.name.lower(), []).append(each)
        object.__setattr__(self, "_named", named)
        return named

    def names(self) -> Iterable[str]:
        """The lower-case names of its children, each once."""
        return self._by_name().keys()

    def child(self, name: str) -> "Node | None":
        """The only child of this name.

        Raises:
            BadMigration: there are several.
        """
        found = self._by_name().get(name.lower(), ())
        if len(found) > 1:
            raise BadMigration(
                f"{found[1].span} {self.name} has {name!r} {len(found)} times",
                hint="write it once; items of a list need a name of their own, as in `- column: {…}`",
            )
        return found[0] if found else None

    def get(self, name: str) -> str | None:
        """The text of the child of this name."""
        found = self.child(name)
        return None if found is None else found.text

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """A boolean as Java reads it: `true` in any case, all else false."""
        text = self.get(name)
        return default if text is None else text.strip().lower() == "true"

    def mapped(self, change: Callable[[str], str]) -> "Node":
        """The same tree with every text changed; itself when none was."""
        text = None if self.text is None else change(self.text)
        children = tuple([each.mapped(change) for each in self.children])
        if text == self.text and all(map(is_, children, self.children)):
            return self
        return Node(self.name, text, children, self.span, self.lead)

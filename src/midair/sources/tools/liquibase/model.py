"""A changelog once read: changesets, changes, columns; the frozen values the rest of this folder speaks."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from midair.model.frozen import frozen
from midair.model.statement import Span
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.properties import Scope

_NOTHING: Mapping[str, str] = {}


@frozen
class Part:
    """A column of a change: its fields by Liquibase's names, as the text that enters a checksum."""

    fields: Mapping[str, str]
    constraints: Mapping[str, str] | None
    span: Span

    def get(self, name: str) -> str | None:
        """A field, `None` when it is not set."""
        return self.fields.get(name)

    def flag(self, name: str) -> bool:
        """A boolean field that defaults to false."""
        return self.fields.get(name) == "true"

    @property
    def name(self) -> str:
        return self.fields.get("name", "")

    def constraint(self, name: str) -> str | None:
        """A field of its constraints."""
        return (self.constraints or _NOTHING).get(name)

    def constrained(self, name: str) -> bool:
        """A boolean of its constraints."""
        return self.constraint(name) == "true"


@frozen
class Change:
    """One change of a changeset. `fields` as in `Part`; `file` is the changelog it stands in, for relative paths.

    `parameters` are customChange's and executeCommand's.
    """

    name: str
    fields: Mapping[str, str]
    span: Span
    file: str
    columns: tuple[Part, ...] | None = None
    where_parameters: tuple[Part, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    scope: Scope | None = None
    sql_span: Span | None = None
    """Where the text of `sql` begins, when that is not where the change does."""

    def get(self, name: str) -> str | None:
        """A parameter, `None` when it is not set."""
        return self.fields.get(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter."""
        text = self.fields.get(name)
        return default if text is None else text == "true"


@frozen
class Visitor:
    """One entry of modifySql."""

    name: str
    value: str | None
    replace: str | None
    replacement: str | None
    dbms: str | None
    context: str | None
    labels: str | None
    apply_to_rollback: bool


@frozen
class Rollback:
    """One rollback node: changes, or another changeset whose forward changes undo this one. Neither: nothing to do."""

    changes: tuple[Change, ...]
    refers_to: tuple[str, str, str] | None
    """Path, id and author."""
    span: Span


@frozen
class Changeset:
    """`path` is the identity's; `file` the changelog it really stands in. `contexts` are the expressions that must
    all hold, as the history's column orders them: inherited ones, nearest file first, then its own.
    """

    id: str
    author: str
    path: str
    file: str
    span: Span
    changes: tuple[Change, ...]
    rollbacks: tuple[Rollback, ...]
    visitors: tuple[Visitor, ...]
    contexts: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    """Those of each include above it, then its own: each group must fit the filter."""
    dbms: str | None = None
    run_always: bool = False
    run_on_change: bool = False
    fail_on_error: bool = True
    mark_ran_when_invalid: bool = False
    in_transaction: bool = True
    run_order: str | None = None
    run_with: str | None = None
    quoting: str = "LEGACY"
    comments: str = ""
    preconditions: Node | None = None
    valid_sums: tuple[str, ...] = ()
    formatted: bool = False
    source: Node | None = None
    """Before properties were put in: for the checksums of older releases."""
    flat: "Callable[[], Changeset] | None" = None
    """The changeset as releases before 4.12 read its properties, where that can differ."""

    @property
    def key(self) -> str:
        """How Liquibase names it everywhere."""
        return f"{self.path}::{self.id}::{self.author}"

    @property
    def tag(self) -> str | None:
        """What its tagDatabase writes."""
        return next((each.get("tag") for each in self.changes if each.name == "tagDatabase"), None)


@frozen
class Runtime:
    """What a run chooses: contexts, label filter, database. `dbms` is Liquibase's short name (`mariadb`)."""

    dbms: str = "postgresql"
    contexts: tuple[str, ...] = ()
    label_filter: str | None = None
    default_schema: str | None = None
    search_path: tuple[Path, ...] = ()
    root: Path = Path()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    encoding: str = "UTF-8"


@frozen
class Changelog:
    """Everything one root changelog and its includes hold, in running order; what another dbms is for is left out."""

    changesets: tuple[Changeset, ...]
    preconditions: tuple[Node, ...] = ()
    warnings: tuple[str, ...] = ()

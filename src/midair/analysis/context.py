"""What a rule may ask: the statement it looks at, what was before it, what its transaction holds."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from midair.analysis.options import Options
from midair.dialects.postgresql.effects import effects_of
from midair.model.change import (
    AddColumn,
    AddEnumValue,
    Change,
    CreateIndex,
    CreateTable,
    CreateType,
    CreateView,
)
from midair.model.effects import Effects, LockLevel
from midair.model.frozen import frozen
from midair.model.migration import Migration, Script, Standing
from midair.model.schema import Schema, Table
from midair.model.statement import Span, Statement

OLDEST = 13
"""The oldest supported server: what an unknown one is taken for."""
NEWEST = 18


@frozen
class Candidate:
    """A migration to look at. `script` is its way up, `down` its way back, `None` when there is none.

    `pending` is false for one that is applied and only teaches the schema. `expects_downgrade` is
    false where the tool has none, or the project does not write them. `unseen` gives the reason when
    its statements could not be read without running it (`--no-exec`); `refusal` is set when its
    tool could not run its files as they are.
    """

    migration: Migration
    script: Script
    down: Script | None = None
    pending: bool = True
    expects_downgrade: bool = False
    unseen: str | None = None
    refusal: "Refusal | None" = None
    imports: tuple["Import", ...] = ()
    """What a migration that is a program takes from the application's models."""


@frozen
class Import:
    """A line of a program that names one of the application's models."""

    name: str
    module: str
    line: int


@frozen
class Refusal:
    """Why a migration's files cannot be read as its tool would run them."""

    message: str
    span: Span
    hint: str | None = None


@frozen
class Act:
    """One statement with what it does and costs. `transaction` numbers the transaction it runs in, `None` outside one.

    `settings` are the session's when it runs. `managed` tells that the tool opened the transaction.
    """

    statement: Statement
    changes: tuple[Change, ...]
    effects: Effects
    schema: Schema
    transaction: int | None
    managed: bool
    settings: Mapping[str, str | None]
    number: int


@frozen
class Story:
    """A whole migration: its acts in order, and the schema before and after it."""

    candidate: Candidate
    acts: tuple[Act, ...]
    before: Schema
    after: Schema
    back: tuple[Act, ...] = ()
    """The acts of its way back."""


@frozen
class Line:
    """All migrations at hand, for rules about the project."""

    candidates: tuple[Candidate, ...]
    stories: tuple[Story, ...]
    standings: tuple[Standing, ...] = ()
    options: Options = field(default_factory=Options)
    """What the project decided."""


@dataclass(slots=True)
class Memory:
    """What a migration has done so far, kept up act by act so that no rule has to go back over all of them.

    `held` are the locks of the open transaction on tables others use, `columns` those added, `labels`
    the enum labels added in the open transaction with their type, `types` made in it.
    """

    held: dict[str, LockLevel] = field(default_factory=dict[str, LockLevel])
    columns: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    types: set[str] = field(default_factory=set[str])
    busy: list[str] = field(default_factory=list[str])
    """Tables the open transaction has locked against writers, in the order of their first such lock."""
    worst: tuple[LockLevel, str] = (LockLevel.NONE, "")
    """The strongest lock held on a table, and which."""
    transaction: int | None = None

    def meet(self, act: Act) -> None:
        """An act is about to be looked at: locks and labels of another transaction are gone."""
        if act.transaction != self.transaction or act.transaction is None:
            self.held.clear()
            self.busy.clear()
            self.worst = (LockLevel.NONE, "")
            self.labels.clear()
            self.types.clear()
        self.transaction = act.transaction
        for each in act.changes:
            if isinstance(each, AddColumn):
                self.columns.add((each.table, each.column.name))

    def keep(self, act: Act, new_tables: Set[str]) -> None:
        """The act is done."""
        for name, level in act.effects.locks:
            found = act.schema.tables.get(name)
            if name in new_tables or (found is not None and found.persistence == "temporary"):
                continue
            before = self.held.get(name, LockLevel.NONE)
            self.held[name] = max(level, before)
            if is_table(name, act.schema):
                self.worst = max(self.worst, (level, name))
                if level.blocks_writes and not before.blocks_writes:
                    self.busy.append(name)
        for each in act.changes:
            if isinstance(each, AddEnumValue):
                self.labels[each.label] = each.name
            elif isinstance(each, CreateType):
                self.types.add(each.name)


def is_table(name: str, schema: Schema) -> bool:
    """A table; of an unknown relation only when nothing says that it is an index or a sequence."""
    found = schema.tables.get(name)
    if found is None:
        return not schema.complete and name not in schema.index_tables and name not in schema.sequences
    return found.kind in ("table", "partitioned")


@frozen
class Context:
    """Where a rule stands: the act at `position` of the migration's acts."""

    act: Act
    acts: Sequence[Act]
    position: int
    version: int | None
    new_tables: Set[str]
    memory: Memory
    places: Mapping[str, Sequence[int]]
    """For each relation, the positions of the acts that touch it."""
    options: Options = field(default_factory=Options)
    """What the project decided."""

    def earlier_on(self, table: str) -> Iterator[Act]:
        """Acts of the same migration before this one that touch the table."""
        return (self.acts[place] for place in self.places.get(table, ()) if place < self.position)

    def later_on(self, table: str) -> Iterator[Act]:
        """Acts of the same migration after this one that touch the table."""
        return (self.acts[place] for place in self.places.get(table, ()) if place > self.position)

    @property
    def earlier(self) -> Sequence[Act]:
        """Acts of the same migration before this one."""
        return self.acts[: self.position]

    @property
    def previous(self) -> Act | None:
        """The act just before this one."""
        return self.acts[self.position - 1] if self.position else None

    @property
    def later(self) -> Sequence[Act]:
        """Acts of the same migration after this one."""
        return self.acts[self.position + 1 :]

    @property
    def last(self) -> Act:
        """The migration's last act."""
        return self.acts[-1]

    @property
    def schema(self) -> Schema:
        """The schema before the statement."""
        return self.act.schema

    def effects(self, change: Change) -> Effects:
        """What this change alone costs."""
        if len(self.act.changes) == 1:
            return self.act.effects
        return effects_of((change,), self.schema, self.version or OLDEST, self.act.settings.get("timezone"))

    def table(self, name: str) -> Table | None:
        """What is known about a table."""
        return self.schema.tables.get(name)

    def is_new(self, table: str) -> bool:
        """Made in the same migration, or temporary: nobody uses it yet."""
        found = self.schema.tables.get(table)
        return table in self.new_tables or (found is not None and found.persistence == "temporary")

    def is_view(self, table: str) -> bool:
        """A view: it holds no rows."""
        found = self.schema.tables.get(table)
        return found is not None and found.kind == "view"

    @property
    def atomic(self) -> bool:
        """The statement runs inside a transaction."""
        return self.act.transaction is not None

    def before_in_transaction(self) -> Iterator[Act]:
        """Acts of the same transaction before this one."""
        if self.act.transaction is None:
            return
        for act in self.earlier:
            if act.transaction == self.act.transaction:
                yield act

    def held(self) -> Mapping[str, LockLevel]:
        """Locks the transaction holds already, on tables that others use."""
        return self.memory.held

    def column_is_new(self, table: str, column: str) -> bool:
        """Added earlier in the same migration, or by the same statement."""
        return (table, column) in self.memory.columns

    def same_statement(self, *kinds: type) -> Iterator[Change]:
        """The statement's changes of these kinds."""
        return (each for each in self.act.changes if isinstance(each, kinds))


def needed_and_missing(act: Act) -> str | None:
    """A relation the act is about that is known not to be there, unless the act says that this is fine."""
    if not act.schema.complete or "IF EXISTS" in act.statement.sql.upper():
        return None
    schema = act.schema
    for place, each in enumerate(act.changes):
        schema = schema.after(act.changes[place - 1]) if place else schema
        name: object = getattr(each, "table", None)
        made = isinstance(each, CreateTable)
        if isinstance(name, str) and not made and name not in _EVERY and schema.exists(name) is False:
            return name
    return None


_EVERY = ("*", "")
"""What stands for no table in particular."""


def places_of(acts: Sequence[Act]) -> Mapping[str, Sequence[int]]:
    """For each relation, the positions of the acts that lock or name it."""
    found: dict[str, list[int]] = {}
    for position, act in enumerate(acts):
        names = {name for name, _ in act.effects.locks}
        for word in ("table", "view"):
            names.update(name for each in act.changes if isinstance(name := getattr(each, word, None), str))
        for name in names:
            found.setdefault(name, []).append(position)
    return found


def made_by(changes: Sequence[Change], schema: Schema) -> Iterator[str]:
    """Relations that these changes create, when they do not exist yet."""
    for each in changes:
        match each:
            case CreateTable(table=name) | CreateView(view=name):
                if not schema.exists(name):
                    yield name
            case CreateIndex():
                yield each.index.name
            case _:
                pass

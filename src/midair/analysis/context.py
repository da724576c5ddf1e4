"""What a rule may ask: the statement it looks at, what was before it, what its transaction holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from midair.dialects.postgresql.effects import effects_of
from midair.model.change import Change, CreateIndex, CreateTable, CreateView
from midair.model.effects import Effects, LockLevel
from midair.model.migration import Migration, Script, Standing
from midair.model.schema import Schema, Table
from midair.model.statement import Statement

OLDEST = 13
"""The oldest supported server: what an unknown one is taken for."""
NEWEST = 18


@dataclass(frozen=True, slots=True)
class Candidate:
    """A migration to look at. `script` is its way up, `down` its way back, `None` when there is none.

    `pending` is false for one that is applied and only teaches the schema. `expects_downgrade` is
    false where the tool has none, or the project does not write them. `unseen` gives the reason when
    its statements could not be read without running it (`--no-exec`).
    """

    migration: Migration
    script: Script
    down: Script | None = None
    pending: bool = True
    expects_downgrade: bool = False
    unseen: str | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Story:
    """A whole migration: its acts in order, and the schema before and after it."""

    candidate: Candidate
    acts: tuple[Act, ...]
    before: Schema
    after: Schema
    back: tuple[Act, ...] = ()
    """The acts of its way back."""


@dataclass(frozen=True, slots=True)
class Line:
    """All migrations at hand, for rules about the project."""

    candidates: tuple[Candidate, ...]
    stories: tuple[Story, ...]
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Where a rule stands. `earlier` are the acts of the same migration before this one."""

    act: Act
    earlier: Sequence[Act]
    version: int | None
    new_tables: frozenset[str]
    candidate: Candidate
    later: Sequence[Act] = ()
    small_rows: int = 10_000
    touched: frozenset[str] = field(default=frozenset())

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

    def held(self) -> dict[str, LockLevel]:
        """Locks the transaction holds already, on tables that others use."""
        held: dict[str, LockLevel] = {}
        for act in self.before_in_transaction():
            for name, level in act.effects.locks:
                if not self.is_new(name):
                    held[name] = max(level, held.get(name, LockLevel.NONE))
        return held

    def column_is_new(self, table: str, column: str) -> bool:
        """Added earlier in the same migration."""
        from midair.model.change import AddColumn

        return any(
            isinstance(each, AddColumn) and each.table == table and each.column.name == column
            for act in (*self.earlier, self.act)
            for each in act.changes
        )

    def same_statement(self, *kinds: type) -> Iterator[Change]:
        """The statement's changes of these kinds."""
        return (each for each in self.act.changes if isinstance(each, kinds))


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

"""What a database holds, object by object, as text that can be compared; and how two of them differ."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """One object. `kind` in words (`column`, `index`, `grant`), `name` qualified as SQL."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every object with its definition as the server prints it; `tables` says which table an object is part of."""

    definitions: Mapping[Thing, str] = field(default_factory=dict[Thing, str])
    tables: Mapping[Thing, str] = field(default_factory=dict[Thing, str])

    def without_tables(self, names: Collection[str]) -> "Inventory":
        """All of it but some tables and what belongs to them: the tool's own history is not the schema."""
        gone = {thing for thing, table in self.tables.items() if table in names}
        return Inventory(
            {thing: text for thing, text in self.definitions.items() if thing not in gone},
            {thing: table for thing, table in self.tables.items() if thing not in gone},
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not the same on both sides; `None` where it is absent."""

    thing: Thing
    first: str | None
    second: str | None
    table: str | None = None

    @property
    def word(self) -> str:
        """What became of it on the way from the first side to the second: `gone`, `new`, `changed`."""
        return "gone" if self.second is None else "new" if self.first is None else "changed"

    def __str__(self) -> str:
        if self.first is not None and self.second is not None:
            return f"{self.thing}: {self.first} → {self.second}"
        return f"{self.thing} is {self.word}"


def differences(first: Inventory, second: Inventory) -> tuple[Difference, ...]:
    """Every object that differs, by kind and name; what went or came with its whole table is left to the table."""
    return tuple(_differences(first, second))


def _differences(first: Inventory, second: Inventory) -> Iterator[Difference]:
    whole = {
        thing.name
        for thing in first.definitions.keys() ^ second.definitions.keys()
        if thing.kind in ("table", "view", "materialized view", "foreign table")
    }
    for thing in sorted(first.definitions.keys() | second.definitions.keys()):
        before, after = first.definitions.get(thing), second.definitions.get(thing)
        if before == after:
            continue
        table = second.tables.get(thing) or first.tables.get(thing)
        if table in whole and thing.name != table and (before is None or after is None):
            continue
        yield Difference(thing, before, after, table)

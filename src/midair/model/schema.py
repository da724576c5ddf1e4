"""What a database holds, as far as it is known, and what it holds after a change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from midair.model.change import Change, Column, Constraint, ConstraintKind, DataType, Index, Volatility


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view or materialized view. `kind`: `table`, `partitioned`, `view`, `materialized view`.

    `known` tells that all its columns, constraints and indexes are here; otherwise only what the
    migrations at hand did to it. `empty` is certain emptiness. `rows` and `bytes` are the server's
    estimates, `None` without a look at it.
    """

    name: str
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    kind: str = "table"
    known: bool = True
    empty: bool = False
    rows: int | None = None
    bytes: int | None = None
    persistence: str = "permanent"
    partition_key: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    is_partition: bool = False
    is_default: bool = False
    reads: tuple[str, ...] = ()
    view_columns: tuple[str, ...] | None = None
    of_type: str | None = None
    parts: frozenset[tuple[str, str]] = frozenset()
    """Triggers, rules, policies: (kind, name)."""
    trigger_functions: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((each for each in self.columns if each.name == name), None)

    def constraint(self, name: str) -> Constraint | None:
        """The constraint of this name."""
        return next((each for each in self.constraints if each.name == name), None)

    def index(self, name: str) -> Index | None:
        """The index of this name; a schema in front of it is left out of account."""
        bare = bare_name(name)
        return next((each for each in self.indexes if bare_name(each.name) == bare), None)

    @property
    def primary_key(self) -> Constraint | None:
        """Its primary key."""
        return next((each for each in self.constraints if each.kind is ConstraintKind.PRIMARY_KEY), None)


@dataclass(frozen=True, slots=True)
class Type:
    """An enum, domain, composite or range type."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: DataType | None = None
    constrained: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """`complete` when it was read from a server or begins empty: what is not in it does not exist."""

    tables: Mapping[str, Table] = field(default_factory=dict[str, Table])
    types: Mapping[str, Type] = field(default_factory=dict[str, Type])
    sequences: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Each with the table that owns it."""
    functions: Mapping[str, Volatility] = field(default_factory=dict[str, Volatility])
    complete: bool = False
    index_tables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Which table an index is on."""

    def table(self, name: str) -> Table | None:
        """The table of this name, if anything is known about it."""
        return self.tables.get(name)

    def exists(self, name: str) -> bool | None:
        """Whether a relation of this name exists; `None` when nobody can tell from here."""
        if name in self.tables or name in self.index_tables or name in self.sequences:
            return True
        return False if self.complete else None

    def table_of_index(self, name: str) -> Table | None:
        """The table an index is on."""
        owner = self.index_tables.get(name)
        return None if owner is None else self.tables.get(owner)

    def children(self, name: str) -> tuple[str, ...]:
        """Partitions and inheriting tables, at every depth."""
        direct = [each.name for each in self.tables.values() if name in each.parents]
        return tuple(direct) + tuple(deeper for each in direct for deeper in self.children(each))

    def referencing(self, name: str) -> Iterator[tuple[Table, Constraint]]:
        """Foreign keys that point to this table, with the table each stands on."""
        for table in self.tables.values():
            for each in table.constraints:
                if each.references == name:
                    yield table, each

    def after(self, change: Change) -> "Schema":
        """The schema once the change is complete; one that changes no schema gives the schema itself."""
        from midair.model.evolution import evolved  # it speaks of schemas itself

        return evolved(self, change)

    def put(self, table: Table, was: str | None = None) -> "Schema":
        """The schema with this table in place of the one named `was` (its own name by default)."""
        old = self.tables.get(was or table.name)
        tables = dict(self.tables)
        if was and was != table.name:
            tables.pop(was, None)
        tables[table.name] = table
        if old is not None and old.indexes == table.indexes and (was or table.name) == table.name:
            return replace(self, tables=tables)
        index_tables = dict(self.index_tables)
        for each in old.indexes if old else ():
            index_tables.pop(each.name, None)
        index_tables.update((each.name, table.name) for each in table.indexes)
        return replace(self, tables=tables, index_tables=index_tables)

    def without(self, name: str) -> "Schema":
        """The schema without this table, its indexes and what points to it."""
        old = self.tables.get(name)
        tables = {key: value for key, value in self.tables.items() if key != name}
        index_tables = {key: value for key, value in self.index_tables.items() if value != name}
        sequences = {key: owner for key, owner in self.sequences.items() if owner != name}
        schema = replace(self, tables=tables, index_tables=index_tables, sequences=sequences)
        if old is None:
            return schema
        for table, constraint in tuple(schema.referencing(name)):
            current = schema.tables[table.name]
            kept = tuple(each for each in current.constraints if each is not constraint)
            schema = schema.put(replace(current, constraints=kept))
        for child in [each for each in schema.tables.values() if name in each.parents]:
            schema = schema.without(child.name) if child.is_partition else schema
        return schema

    def known_or_stub(self, name: str) -> Table:
        """The table, or one of which nothing else is known."""
        return self.tables.get(name) or Table(name, known=False)


def bare_name(name: str) -> str:
    """The last part of a qualified identifier: `other.thing` → `thing`."""
    if '"' not in name:
        return name.rpartition(".")[2]
    depth = start = 0
    for position, letter in enumerate(name):
        if letter == '"':
            depth = 1 - depth
        elif letter == "." and not depth:
            start = position + 1
    return name[start:]


def beside(sibling: str, name: str) -> str:
    """An object's name in the schema of another: `beside("other.thing", "thing_pkey")` → `other.thing_pkey`."""
    prefix = sibling[: len(sibling) - len(bare_name(sibling))]
    return prefix + name

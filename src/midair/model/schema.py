"""What a database holds, as far as it is known, and what it holds after a change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from midair.model.change import Change, Column, Constraint, ConstraintKind, DataType, Index, Volatility
from midair.model.frozen import frozen, replace
from midair.model.layered import layered

_NOTHING: frozenset[str] = frozenset()


@frozen
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
    depends_on: frozenset[tuple[str, str]] = frozenset()
    """A view's (relation, column) pairs: those the server will not let go without it."""
    of_type: str | None = None
    parts: frozenset[tuple[str, str]] = frozenset()
    """Triggers, rules, policies: (kind, name)."""
    trigger_functions: tuple[tuple[str, str], ...] = ()
    traffic: float | None = None
    """Scans and changed rows a second since the server began to count; `None` without a look at it."""
    row_triggers: frozenset[str] = frozenset()
    """The triggers that are known to fire once a row."""

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((each for each in self.columns if each.name == name), None)

    def with_column(self, column: Column) -> "Table":
        """The table with this column in place of the one of its name."""
        return replace(
            self, columns=tuple(column if each.name == column.name else each for each in self.columns)
        )

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


@frozen
class Type:
    """An enum, domain, composite or range type."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: DataType | None = None
    constrained: bool = False


@frozen
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
    related: Mapping[str, frozenset[str]] | None = None
    """For each table, those that point to it: partitions, heirs, foreign keys, views. Made from `tables` when left out."""

    constraint_tables: Mapping[str, frozenset[str]] | None = None
    """The tables that have a constraint of this name, for names the server chooses. Made from `tables` when left out."""

    unlisted: frozenset[str] = _NOTHING
    """Names, as they are without quotes, of constraints and types that were there when the schema was read, and are nowhere in it."""

    def __post_init__(self) -> None:
        if self.constraint_tables is None:
            object.__setattr__(self, "constraint_tables", _owners(self.tables.values()))
        if self.related is None:
            found: dict[str, set[str]] = {}
            for table in self.tables.values():
                for name in _points_to(table):
                    found.setdefault(name, set()).add(table.name)
            object.__setattr__(self, "related", {name: frozenset(those) for name, those in found.items()})

    def around(self, name: str) -> tuple[Table, ...]:
        """The tables and views that point to this one, by name."""
        return tuple(
            self.tables[each] for each in sorted((self.related or {}).get(name, ())) if each in self.tables
        )

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
        direct = [each.name for each in self.around(name) if name in each.parents]
        return tuple(direct) + tuple(deeper for each in direct for deeper in self.children(each))

    def referencing(self, name: str) -> Iterator[tuple[Table, Constraint]]:
        """Foreign keys that point to this table, with the table each stands on."""
        for table in self.around(name):
            for each in table.constraints:
                if each.references == name:
                    yield table, each

    def after(self, change: Change) -> "Schema":
        """The schema once the change is complete; one that changes no schema gives the schema itself."""
        from midair.model.motion import evolved  # it speaks of schemas itself

        return evolved(self, change)

    def put(self, table: Table, was: str | None = None) -> "Schema":
        """The schema with this table in place of the one named `was` (its own name by default)."""
        old = self.tables.get(was or table.name)
        renamed = was is not None and was != table.name
        tables = layered(self.tables).changed(
            {table.name: table}, (was,) if was is not None and renamed else ()
        )
        related, names = self.related, self.constraint_tables
        if renamed or old is None or not _points_alike(old, table):
            related = self._pointing(old, table)
        if (
            renamed
            or old is None
            or (old.constraints is not table.constraints and _names_of(old) != _names_of(table))
        ):
            names = self._owning(old, table)
        if old is not None and old.indexes == table.indexes and not renamed:
            return replace(self, tables=tables, related=related, constraint_tables=names)
        index_tables = layered(self.index_tables).changed(
            {each.name: table.name for each in table.indexes},
            [each.name for each in old.indexes] if old else (),
        )
        return replace(
            self, tables=tables, index_tables=index_tables, related=related, constraint_tables=names
        )

    def _owning(self, old: Table | None, new: Table | None) -> Mapping[str, frozenset[str]]:
        return _moved(self.constraint_tables or {}, (_names_of(old), old), (_names_of(new), new))

    def _pointing(self, old: Table | None, new: Table | None) -> Mapping[str, frozenset[str]]:
        return _moved(self.related or {}, (_points_to(old), old), (_points_to(new), new))

    def without(self, name: str) -> "Schema":
        """The schema without this table, its indexes and what points to it."""
        old = self.tables.get(name)
        if old is None:
            return self
        tables = layered(self.tables).changed({}, (name,))
        index_tables = layered(self.index_tables).changed({}, [each.name for each in old.indexes])
        sequences = {key: owner for key, owner in self.sequences.items() if owner != name}
        related = self._pointing(old, None) if _points_to(old) else self.related
        names = self._owning(old, None) if old.constraints else self.constraint_tables
        schema = replace(
            self,
            tables=tables,
            index_tables=index_tables,
            sequences=sequences,
            related=related,
            constraint_tables=names,
        )
        for other in self.around(name):
            current = schema.tables.get(other.name)
            if current is None:
                continue
            if name in current.reads or (name in current.parents and current.is_partition):
                schema = schema.without(current.name)
            elif any(each.references == name for each in current.constraints):
                kept = tuple(each for each in current.constraints if each.references != name)
                schema = schema.put(replace(current, constraints=kept))
        return schema

    def known_or_stub(self, name: str) -> Table:
        """The table, or one of which nothing else is known."""
        return self.tables.get(name) or Table(name, known=False)


def _moved(
    owners: Mapping[str, frozenset[str]],
    before: tuple[Iterable[str], Table | None],
    after: tuple[Iterable[str], Table | None],
) -> Mapping[str, frozenset[str]]:
    """Whose the names are, once a table that had the former has the latter."""
    changes: dict[str, frozenset[str]] = {}
    for name in before[0]:
        changes[name] = owners.get(name, _NOTHING) - {before[1].name if before[1] else ""}
    for name in after[0]:
        now = changes[name] if name in changes else owners.get(name, _NOTHING)
        changes[name] = now | {after[1].name if after[1] else ""}
    return layered(owners).changed(changes)


def _owners(tables: Iterable[Table]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for table in tables:
        for name in _names_of(table):
            found.setdefault(name, set()).add(table.name)
    return {name: frozenset(those) for name, those in found.items()}


def _names_of(table: Table | None) -> tuple[str, ...]:
    """The names of its constraints, qualified as the table is."""
    if table is None or not table.constraints:
        return ()
    return tuple(beside(table.name, each.name) for each in table.constraints)


def _points_alike(old: Table, new: Table) -> bool:
    same = old.parents == new.parents and old.reads == new.reads and old.constraints is new.constraints
    return same or _points_to(old) == _points_to(new)


def _points_to(table: Table | None) -> frozenset[str]:
    """What the table names: its parents, the tables its foreign keys point to, what a view reads."""
    if table is None or not (table.parents or table.constraints or table.reads):
        return _NOTHING
    keys = (each.references for each in table.constraints if each.references)
    return frozenset((*table.parents, *table.reads, *keys))


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

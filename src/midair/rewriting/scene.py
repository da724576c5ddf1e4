"""What a statement meets: the schema before it, the server's version, which tables others use."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from midair.dialects.postgresql.attached import Attached
from midair.dialects.postgresql.bridging import Bridging
from midair.dialects.postgresql.effects import effects_of
from midair.dialects.postgresql.standins import StandIn
from midair.dialects.postgresql.usage import Usage, usage_of
from midair.model.change import (
    AddColumn,
    Change,
    CreateTable,
    CreateType,
    CreateView,
    MoveTable,
    RenameColumn,
    RenameObject,
    RenameTable,
)
from midair.model.effects import SMALL_BYTES, Effects, LockLevel
from midair.model.frozen import frozen
from midair.model.schema import Schema, bare_name, beside


def scene_of(schema: Schema, version: int, small_bytes: int = SMALL_BYTES) -> "Scene":
    """What the first statement of a plan meets. A negative `small_bytes`: nothing counts as small, not even what is empty."""
    if small_bytes < 0:
        tables = {name: replace(table, empty=False) for name, table in schema.tables.items()}
        schema = replace(schema, tables=tables)
    return Scene(schema, version, small_bytes=small_bytes)


@frozen
class Scene:
    """The schema in motion.

    `version` is the server's major one. `born` are relations and types this plan made: nobody uses them yet.
    Tables up to `small_bytes` are brief to read; a size nobody knows is large. `fresh` are columns, with
    their tables, that this plan added. `bridging` tells of tables what a view in their place needs, `attached` what hangs on their
    columns, `stand_ins` what else a table in their place needs, `usages` of the statements that the server remembers (`None`: it remembers none), `free_bytes` what the server's disk has left, where that is known. `defers`: what the
    running application would miss is left until it is gone; a way back, which takes new things away, does not defer.
    """

    schema: Schema
    version: int
    born: frozenset[str] = frozenset()
    small_bytes: int = SMALL_BYTES
    fresh: frozenset[tuple[str, str]] = frozenset()
    bridging: Mapping[str, Bridging] = field(default_factory=dict[str, Bridging])
    attached: Mapping[str, Attached] = field(default_factory=dict[str, Attached])
    stand_ins: Mapping[str, StandIn] = field(default_factory=dict[str, StandIn])
    usages: Mapping[str, Usage] | None = None
    free_bytes: int | None = None
    defers: bool = False
    lingering: frozenset[str] = frozenset()
    """Types, functions and sequences that the server still needs for what waits for contract, and the author no more."""
    unqualified: str | None = "public"
    """The schema that a name without one means first; `None` where it means none."""

    def usage(self, table: str) -> Usage:
        """What the application was seen to say of a table."""
        return usage_of(table, self.usages or {})

    def effects(self, changes: Sequence[Change]) -> Effects:
        """What a statement costs here."""
        return effects_of(changes, self.schema, self.version)

    def long_work(self, effects: Effects) -> frozenset[str]:
        """The tables whose size makes it slow."""
        touched = effects.scans | effects.rewrites | effects.rebuilds
        return frozenset(each for each in touched if each not in self.born and not self.is_small(each))

    def is_small(self, name: str) -> bool:
        """The table is known to be small."""
        table = self.schema.tables.get(name)
        return table is not None and (
            table.empty or (table.bytes is not None and table.bytes <= self.small_bytes)
        )

    def locks(self, effects: Effects) -> tuple[tuple[str, LockLevel], ...]:
        """The locks on tables that others use, as far as anybody's work could wait for them or hold them up."""
        tables = self.schema.tables
        return tuple(
            (name, level)
            for name, level in effects.locks
            if level >= LockLevel.SHARE_UPDATE_EXCLUSIVE
            and name not in self.born
            and name in tables
            and tables[name].kind in ("table", "partitioned")
        )

    def after(self, changes: Sequence[Change]) -> "Scene":
        """The scene once the statement is done."""
        schema, born, fresh, lingering = self.schema, self.born, self.fresh, self.lingering
        for each in changes:
            known, types = schema.tables.keys(), schema.types.keys()
            schema = schema.after(each)
            born |= schema.types.keys() - types
            match each:
                case AddColumn(table=table, column=column):
                    fresh |= {(table, column.name)}
                case RenameTable(table=old, new_name=name):
                    born |= {beside(old, name)} if old in born else frozenset[str]()
                case RenameObject(name=old, new_name=name) if old in lingering:
                    lingering = lingering - {old} | {beside(old, name)}
                case MoveTable(table=old):
                    born |= (schema.tables.keys() - known) if old in born else frozenset[str]()
                case _:
                    born |= schema.tables.keys() - known
        return replace(self, schema=schema, born=born, fresh=fresh, lingering=lingering)

    def past(self, changes: Sequence[Change]) -> "Scene":
        """The scene where the schema shows a statement's work already: what it made is nobody else's all the same."""
        born, fresh = self.born, self.fresh
        for each in changes:
            match each:
                case CreateTable(table=name) | CreateType(name=name) | CreateView(view=name):
                    born |= {name}
                case AddColumn(table=table, column=column):
                    fresh |= {(table, column.name)}
                case RenameTable(table=old, new_name=name) if old in born:
                    born |= {beside(old, name)}
                case MoveTable(table=old, new_schema=place) if old in born:
                    bare = bare_name(old)
                    born |= {bare if place == "public" else f"{place}.{bare}"}
                case RenameColumn(table=table, column=old, new_name=name) if (table, old) in fresh:
                    fresh |= {(table, name)}
                case _:
                    pass
        return replace(self, born=born, fresh=fresh)

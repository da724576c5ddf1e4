"""What a column that takes another's place must have before it can: indexes, keys, checks, foreign keys, statistics.

Each is made on the new column under a name of midair's, while work goes on, and gets the old one's name in the
exchange (expand-contract.md §3.6).
"""

from collections.abc import Iterator

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.attached import Attached, AttachedConstraint, AttachedIndex
from midair.dialects.postgresql.changes.names import identifier, literal
from midair.model.frozen import frozen
from midair.model.schema import bare_name, beside
from midair.rewriting.names import raw, raw_path, temporary
from midair.rewriting.recipe import NoWay

WAY = "run it with --strategy direct in a window in which the application is down"


@frozen
class Carried:
    """One thing. `kind` is `index`, `unique index`, `key`, `constraint` or `statistics`; `table` is what it stands on.

    `made` makes it on the column in another's place, `again` on the other once more, for the way back; both under the
    name `temporary`. `enters` are what gives it its own name then, `after` what it has besides (comment, marks).
    """

    kind: str
    table: str
    column: str
    name: str
    temporary: str
    made: str
    again: str
    adopts: str = ""
    after: tuple[str, ...] = ()
    valid: bool = True
    refers_to: str | None = None
    """The other table of a foreign key: both are locked when it goes."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are locked when it leaves or enters."""
        if self.kind == "statistics":
            return ()
        return (self.table, self.refers_to) if self.refers_to else (self.table,)

    @property
    def _aside(self) -> str:
        return temporary("was", self.name, self.column)

    def leaves(self, *, dropped: bool) -> str | None:
        """What makes way for its successor. `dropped`: its column goes in the same transaction, and an index with it."""
        path = beside(self.table, self.name)
        match self.kind:
            case "index":
                return None if dropped else f"ALTER INDEX {path} RENAME TO {self._aside}"
            case "unique index":
                return f"DROP INDEX {path}"
            case "statistics":
                return f"DROP STATISTICS {path}"
            case _:
                return f"ALTER TABLE {self.table} DROP CONSTRAINT {self.name}"

    def enters(self, *, kept: bool) -> tuple[str, ...]:
        """What gives the successor the name. `kept`: the way back, where a plain index was only put aside."""
        path = beside(self.table, self._aside if kept and self.kind == "index" else self.temporary)
        match self.kind:
            case "index" | "unique index":
                named = f"ALTER INDEX {path} RENAME TO {self.name}"
            case "statistics":
                named = f"ALTER STATISTICS {path} RENAME TO {self.name}"
            case "key":
                named = f"ALTER TABLE {self.table} ADD CONSTRAINT {self.name} {self.adopts}"
            case _:
                named = f"ALTER TABLE {self.table} RENAME CONSTRAINT {self.temporary} TO {self.name}"
        return (named, *self.after)

    @property
    def builds_back(self) -> bool:
        """It is gone after the exchange, so that the way back makes it anew."""
        return self.kind != "index"


def carried(table: str, column: str, new: str, old: str, facts: Attached) -> tuple[Carried, ...] | NoWay:
    """All that hangs on the column and can be made on another, in the order in which it is to be made."""
    found: list[Carried] = []
    for each in _all(table, column, new, old, facts):
        if isinstance(each, NoWay):
            return each
        found.append(each)
    return tuple(sorted(found, key=lambda each: _ORDER.index(each.kind)))


_ORDER = ("index", "statistics", "constraint", "unique index", "key", "inbound")
"""Unique indexes late: two of them on one value make upserts fail (expand-contract.md §3.8)."""


def _all(table: str, column: str, new: str, old: str, facts: Attached) -> Iterator[Carried | NoWay]:
    for index in facts.indexes:
        if column in index.columns:
            yield _index(table, column, new, old, index)
    for each in facts.constraints:
        self_reference = each.references == table and column in each.referenced
        if column in each.columns or self_reference:
            yield _constraint(each, column, new, old, own=column in each.columns, referenced=self_reference)
    for each in facts.inbound:
        if each.table != table and column in each.columns:
            yield _constraint(each, column, new, old, own=False, referenced=True)
    for each in facts.statistics:
        if column in each.columns:
            name = temporary("st", each.name, column)
            made, again = (twins.statistics_with(each.definition, name, column, to) for to in (new, old))
            if made is None or again is None:
                yield _unreadable(each.name)
                continue
            after = (f"COMMENT ON STATISTICS {each.name} IS {literal(each.comment)}",) if each.comment else ()
            yield Carried(
                "statistics", each.name, column, bare_name(each.name), name, made, again, after=after
            )


def _index(table: str, column: str, new: str, old: str, index: AttachedIndex) -> Carried | NoWay:
    if not index.valid:
        return NoWay(f"the index {index.name} is not valid", "drop it, or build it again, first")
    if index.kind == "x":
        return NoWay(
            f"{index.constraint} is an exclusion constraint, which cannot be built while work goes on", WAY
        )
    if "WITHOUT OVERLAPS" in (index.constraint_definition or ""):
        return NoWay(f"{index.constraint} is a key without overlaps, which no index can be adopted for", WAY)
    name = temporary("ix", index.name, column)
    made, again = (twins.index_with(index.definition, name, column, to) for to in (new, old))
    if made is None or again is None:
        return _unreadable(index.name)
    path = beside(table, index.name)
    after = [f"COMMENT ON INDEX {path} IS {literal(index.comment)}"] if index.comment else []
    if index.constraint and index.constraint_comment:
        after.append(
            f"COMMENT ON CONSTRAINT {index.constraint} ON {table} IS {literal(index.constraint_comment)}"
        )
    if index.replica:
        after.append(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index.name}")
    if index.clustered:
        after.append(f"ALTER TABLE {table} CLUSTER ON {index.name}")
    if index.tablespace:
        return NoWay(f"the index {index.name} is in the tablespace {identifier(index.tablespace)}", WAY)
    if index.constraint is None:
        kind = "unique index" if index.unique else "index"
        return Carried(kind, table, column, index.name, name, made, again, after=tuple(after))
    word = "PRIMARY KEY" if index.kind == "p" else "UNIQUE"
    if index.deferrable:
        return NoWay(f"{index.constraint} is deferrable, which an index built for it is not", WAY)
    return Carried(
        "key", table, column, index.constraint, name, made, again, f"{word} USING INDEX {name}", tuple(after)
    )


def _constraint(
    each: AttachedConstraint, column: str, new: str, old: str, *, own: bool, referenced: bool
) -> Carried | NoWay:
    if not each.plain:
        return NoWay(f"the foreign key {each.name} is on {each.table}, which is partitioned", WAY)
    name = temporary("co", *(identifier(part) for part in raw_path(each.table)), each.name, column)
    made, again = (
        twins.constraint_with(
            each.table,
            each.definition,
            name,
            own=(column, to) if own else None,
            referenced=(column, to) if referenced else None,
        )
        for to in (new, old)
    )
    if made is None or again is None:
        return _unreadable(each.name)
    after = (
        (f"COMMENT ON CONSTRAINT {each.name} ON {each.table} IS {literal(each.comment)}",)
        if each.comment
        else ()
    )
    kind = "inbound" if referenced else "constraint"
    return Carried(
        kind,
        each.table,
        column,
        each.name,
        name,
        made,
        again,
        after=after,
        valid=each.valid,
        refers_to=each.references,
    )


def _unreadable(name: str) -> NoWay:
    return NoWay(f"the definition of {raw(name)} cannot be written for another column", WAY)

"""Small words to say effects with, and which tables a change reaches."""

from collections.abc import Iterable

from midair.dialects.postgresql.facts import lock
from midair.model.effects import NO_EFFECTS, Effects, LockLevel
from midair.model.frozen import frozen
from midair.model.schema import Schema, Table


@frozen
class Situation:
    """What a statement meets: the schema before it, the server's major version, the session's time zone.

    `dropped` are constraints the same statement drops, `in_block` that it
    stands in a DO block.
    """

    schema: Schema
    version: int
    time_zone: str | None = None
    dropped: frozenset[str] = frozenset()
    in_block: bool = False


def locks(level: LockLevel | str, *relations: str) -> Effects:
    """This lock, or that of a row of the table of facts, on each relation."""
    strength = lock(level) if isinstance(level, str) else level
    return Effects(locks=tuple((each, strength) for each in dict.fromkeys(relations)))


def scans(tables: Iterable[str]) -> Effects:
    """Each table is read from end to end."""
    return Effects(scans=frozenset(tables))


def refused(code: str) -> Effects:
    """The server says no, whatever the rows."""
    return Effects(refused=code, transactional=True)


def both(*parts: Effects) -> Effects:
    """All of it."""
    result = NO_EFFECTS
    for each in parts:
        result = each if result is NO_EFFECTS and len(each.locks) < 2 else result.and_then(each)
    return result


def everyone(schema: Schema, table: str) -> tuple[str, ...]:
    """The table with its partitions and heirs."""
    return (table, *schema.children(table))


def filled(schema: Schema, table: str) -> tuple[str, ...]:
    """Of the table, its partitions and heirs: those that may hold rows."""
    found = (schema.tables.get(each) for each in everyone(schema, table))
    names = [
        each.name for each in found if each is not None and each.kind != "partitioned" and not each.empty
    ]
    return tuple(names) if table in schema.tables else (table,)


def rewrite(schema: Schema, table: str) -> Effects:
    """A new copy of every row, in the table and its partitions, with all their indexes."""
    copied = filled(schema, table)
    indexed = [name for name in copied if has_indexes(schema.tables.get(name))]
    return Effects(scans=frozenset(copied), rewrites=frozenset(copied), rebuilds=frozenset(indexed))


def has_indexes(table: Table | None) -> bool:
    """Whether there is anything to build again; a table nobody knows surely has a key."""
    return table is None or not table.known or bool(table.indexes)


def missing(schema: Schema, relation: str) -> bool:
    """The relation certainly does not exist."""
    return schema.exists(relation) is False


def unknown(schema: Schema, table: str) -> tuple[str, ...]:
    """A word for `Effects.assumed` when the table's past is not known."""
    found = schema.tables.get(table)
    return () if found is not None and found.known else (f"{table} is not known",)

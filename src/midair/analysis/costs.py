"""What statements will hold and read on a known server, one after the other, and for about how long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.effects import effects_of
from midair.model.change import Change, DropColumn, DropTable, Truncate
from midair.model.effects import Effects, LockLevel
from midair.model.schema import Schema
from midair.model.statement import Statement

READ_BYTES_S = 200 * 1024 * 1024
"""Bytes a server checks in a second when it reads a table from end to end: assumed, and said so wherever it shows."""
WRITE_BYTES_S = 50 * 1024 * 1024
"""Bytes it writes in a second when it copies a table or builds an index: assumed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one statement costs others. Times in seconds, sizes in bytes.

    `locks` are on tables that others use, strongest first; those nobody waits for are left out.
    `reads`, `copies` and `rebuilds` are tables whose size makes it slow. `about_s` is `None` when a
    size is not known, `space` what it needs on disk beside what is there.
    """

    locks: tuple[tuple[str, LockLevel], ...] = ()
    reads: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    rebuilds: tuple[str, ...] = ()
    about_s: float | None = 0.0
    space: int = 0


def costs(statements: Sequence[Statement], schema: Schema, version: int) -> tuple[Cost, ...]:
    """The cost of each statement where the one before has left the schema; tables made on the way are nobody's yet."""
    born: set[str] = set()
    found: list[Cost] = []
    for statement in statements:
        changes = changes_of(statement.sql)
        found.append(_cost(effects_of(changes, schema, version), schema, born))
        known = set(schema.tables)
        for change in changes:
            schema = schema.after(change)
        born |= set(schema.tables) - known
    return tuple(found)


def losses(statements: Sequence[Statement]) -> tuple[str, ...]:
    """What is gone for good once these have run, in their order."""
    return tuple(text for statement in statements for text in _losses(changes_of(statement.sql)))


def _losses(changes: Sequence[Change]) -> Iterator[str]:
    for each in changes:
        match each:
            case DropTable(table=table):
                yield f"{table} and its rows"
            case DropColumn(table=table, column=column):
                yield f"the values of {table}.{column}"
            case Truncate(tables=tables):
                yield from (f"the rows of {table}" for table in tables)
            case _:
                pass


def _cost(effects: Effects, schema: Schema, born: set[str]) -> Cost:
    ours = {name for name in schema.tables if name in born or schema.tables[name].empty}
    locks = sorted(
        ((name, level) for name, level in effects.locks if level.blocks_writes and name not in ours),
        key=lambda each: (-each[1], each[0]),
    )
    slow = [sorted(each - ours) for each in (effects.scans, effects.rewrites, effects.rebuilds)]
    reads, copies, rebuilds = (tuple(each) for each in slow)
    sizes = {name: _bytes(schema, name) for name in {*reads, *copies, *rebuilds}}
    if any(size is None for size in sizes.values()):
        return Cost(tuple(locks), reads, copies, rebuilds, None)
    known = {name: size or 0 for name, size in sizes.items()}
    written = sum(known[name] for name in {*copies, *rebuilds})
    about_s = sum(known[name] for name in reads) / READ_BYTES_S + written / WRITE_BYTES_S
    return Cost(tuple(locks), reads, copies, rebuilds, about_s, written)


def _bytes(schema: Schema, name: str) -> int | None:
    """A partitioned table is as large as its partitions."""
    table = schema.tables.get(name)
    if table is None:
        return None
    if table.kind != "partitioned":
        return table.bytes
    parts = [_bytes(schema, each) for each in schema.children(name)]
    return None if any(each is None for each in parts) else sum(each or 0 for each in parts)

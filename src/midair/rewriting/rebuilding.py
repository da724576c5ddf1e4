"""A table built anew by hand, read out of the statements that do it: renamed, made again, filled, and perhaps dropped."""

from collections.abc import Sequence

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    Change,
    ChangeSequence,
    CreateIndex,
    CreateTable,
    DropTable,
    Insert,
    Query,
    RenameTable,
)
from midair.model.frozen import frozen
from midair.model.schema import Table, beside
from midair.model.statement import Statement
from midair.rewriting.names import raw_path, temporary
from midair.rewriting.rewrite import Case


@frozen
class Rebuilding:
    """What its author wants: `table` becomes `old`, and `new` takes its place.

    `made` are the statements that make `new`, `wanted` the changes that tell the table's shape under its own name. `filled`
    are its columns with the expressions over the old table that fill them, `spoken` what those call it. `keeps`: it is not dropped.
    """

    table: Table
    old: str
    new: str
    made: tuple[str, ...]
    wanted: tuple[Change, ...]
    partitions: tuple[str, ...]
    filled: tuple[tuple[str, str], ...]
    spoken: str
    keeps: bool
    takes: int


def read_before(change: RenameTable, case: Case) -> Rebuilding | None:
    """RENAME the old one, CREATE the new one, fill it, and DROP the old one or not."""
    table = case.table(change.table)
    parts = _parts(case)
    if table is None or table.kind != "table" or not parts:
        return None
    old = beside(table.name, change.new_name)
    new = beside(table.name, temporary("new", *raw_path(table.name)))
    first = parts[0][1]
    if not isinstance(first, CreateTable) or first.table != table.name:
        return None
    length = _making(parts, table.name)
    fill = parts[length] if length < len(parts) else None
    filled = _filled(fill, table.name, old, table, first, case) if fill is not None else None
    if filled is None:
        return None
    names = {table.name: raw_path(new), old: raw_path(table.name)}
    made = [twins.with_relations(statement.sql, names) for statement, _ in parts[:length]]
    rest = parts[length + 1 :]
    taken, keeps = _ending(rest, old)
    return Rebuilding(
        table=table,
        old=old,
        new=new,
        made=tuple(each for each in made if each is not None),
        wanted=(change, *(each for _, each in parts[:length])),
        partitions=_partitions(parts[:length]),
        filled=filled,
        spoken=old,
        keeps=keeps,
        takes=length + 1 + taken,
    ) if None not in made else None  # fmt: skip


def read_after(change: CreateTable, case: Case) -> Rebuilding | None:
    """CREATE the new one beside the old, fill it, and exchange their names, or DROP the old one and RENAME the new."""
    parts = [(case.statement, change), *_parts(case)]
    length = _making(parts, change.table)
    fill = parts[length][1] if length < len(parts) else None
    if not isinstance(fill, Insert) or fill.table != change.table or len(fill.reads) != 1:
        return None
    table = case.table(fill.reads[0])
    rest = parts[length + 1 :]
    exchange = _exchange(rest, table.name, change.table) if table is not None else None
    if table is None or table.kind != "table" or exchange is None:
        return None
    filled = _filled(parts[length], change.table, table.name, table, change, case)
    if filled is None:
        return None
    old, taken = exchange
    more, keeps = _ending(rest[taken:], old) if old is not None else (0, False)
    aside = old or beside(table.name, temporary("old", *raw_path(table.name)))
    return Rebuilding(
        table=table,
        old=aside,
        new=change.table,
        made=tuple(statement.sql for statement, _ in parts[:length]),
        wanted=tuple(each for _, each in (*parts[:length], *rest[:taken])),
        partitions=_partitions(parts[:length]),
        filled=filled,
        spoken=table.name,
        keeps=keeps,
        takes=length + taken + more,
    )


def _parts(case: Case) -> list[tuple[Statement, Change]]:
    """The statements that follow, up to the first that makes several changes."""
    found: list[tuple[Statement, Change]] = []
    for statement in case.following:
        changes = changes_of(statement.sql)
        if len(changes) != 1:
            break
        found.append((statement, changes[0]))
    return found


def _making(parts: Sequence[tuple[Statement, Change]], table: str) -> int:
    """How many of the statements make the table: itself, its partitions at every depth, their indexes."""
    made: set[str] = set()
    for number, (_, change) in enumerate(parts):
        match change:
            case CreateTable(table=name, partition_of=None) if name == table and number == 0:
                made.add(name)
            case CreateTable(table=name, partition_of=parent) if parent in made:
                made.add(name)
            case CreateIndex(table=name, concurrently=False) if name in made:
                pass
            case _:
                return number
    return len(parts)


def _partitions(parts: Sequence[tuple[Statement, Change]]) -> tuple[str, ...]:
    return tuple(
        each.table for _, each in parts if isinstance(each, CreateTable) and each.partition_of is not None
    )


def _filled(
    part: tuple[Statement, Change], into: str, source: str, table: Table, made: CreateTable, case: Case
) -> tuple[tuple[str, str], ...] | None:
    """The new table's columns with the expressions that fill them, where it is filled with every row of the old one."""
    statement, change = part
    if not isinstance(change, Insert) or change.table != into or change.reads != (source,):
        return None
    copied = twins.copied_rows(statement.sql)
    if copied is None:
        return None
    named, values = copied
    shape = [each.name for each in made.columns if each.generated is None] or [
        each.name for each in table.columns
    ]
    given = [each.name for each in table.columns] if values is None else list(values)
    columns = list(named) or shape[: len(given)]
    return tuple(zip(columns, given, strict=True)) if len(columns) == len(given) else None


def _exchange(
    rest: Sequence[tuple[Statement, Change]], table: str, new: str
) -> tuple[str | None, int] | None:
    """The old table's name afterwards (`None`: it is dropped), and how many statements say so."""
    if len(rest) < 2:
        return None
    first, second = rest[0][1], rest[1][1]
    if not isinstance(second, RenameTable) or second.table != new or beside(new, second.new_name) != table:
        return None
    match first:
        case RenameTable(table=name, new_name=old) if name == table:
            return beside(table, old), 2
        case DropTable(table=name, cascade=False) if name == table:
            return None, 2
        case _:
            return None


def _ending(rest: Sequence[tuple[Statement, Change]], old: str) -> tuple[int, bool]:
    """How many statements more belong to it, and whether the old table stays: its sequence is handed over, it is dropped."""
    for number, (_, change) in enumerate(rest):
        match change:
            case ChangeSequence() | Query(reads=_, sequences=(_, *_)):
                continue
            case DropTable(table=name, cascade=False) if name == old:
                return number + 1, False
            case _:
                break
    return 0, True

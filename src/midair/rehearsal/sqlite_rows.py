"""The rows of a SQLite file: put into its empty tables before a migration, and kept to be compared after it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from midair.database.session import Session
from midair.dialects.sqlite.definition import clauses, definition_of
from midair.errors import StatementFailed
from midair.model.statement import Parameter, Sql, quoted
from midair.rehearsal.keep import Kept, KeptColumn, KeptTable
from midair.rehearsal.rows import Filled

_ROWS = 4
_NULL_ROW = 3
_MOST_ROWS = 10_000
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_TABLES = """
SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^' AND name NOT LIKE 'midair^_%' ESCAPE '^'
ORDER BY rowid
"""
_COLUMNS = 'SELECT name, type, "notnull" OR pk > 0 FROM pragma_table_xinfo(%s) WHERE hidden = 0'
_KEYS = 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(%s)'
_NUMBERS = ("int", "real", "floa", "doub", "num", "dec", "bool")


def keep(session: Session, skip: Sequence[str] = ()) -> Kept:
    """The rows of every table but those named, as text; tables and columns are told by their names."""
    found = [_kept(session, name) for name, _ in session.query(_TABLES) if name not in skip]
    return {each.oid: each for each in found}


def _kept(session: Session, table: str) -> KeptTable:
    columns = tuple(
        KeptColumn(
            crc32(name.encode()), name, kind, "N" if any(each in kind.lower() for each in _NUMBERS) else "S"
        )
        for name, kind, _ in session.query(_COLUMNS, (table,))
    )
    texts = ", ".join(
        f"CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE CAST({name} AS TEXT) END"
        for name in (quoted(each.name) for each in columns)
    )
    rows = session.query(f"SELECT {texts} FROM {quoted(table)} LIMIT {_MOST_ROWS}")
    return KeptTable(crc32(table.encode()), table, columns, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Empty:
    """A table without rows: its columns as (name, type, required), and what its checks allow by column."""

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    parents: dict[str, tuple[str, str | None]]
    allowed: dict[str, str]


def fill(session: Session, skip: Sequence[str] = ()) -> Filled:
    """Puts rows into every empty table but those named, parents first."""
    waiting = [
        _empty(session, name, sql)
        for name, sql in session.query(_TABLES)
        if name not in skip and not _count(session, name)
    ]
    done: list[tuple[str, int]] = []
    refused: dict[str, str] = {}
    while waiting:
        before = len(waiting)
        for table in tuple(waiting):
            reason = _filled(session, table)
            if reason is None:
                waiting.remove(table)
                refused.pop(table.name, None)
                done.append((table.name, _count(session, table.name)))
            else:
                refused[table.name] = reason
        if len(waiting) == before:
            break
    return Filled(tuple(done), tuple(refused.items()))


def empty(session: Session, names: Sequence[str]) -> None:
    """Takes the rows out again."""
    session.run([Sql(f"DELETE FROM {quoted(each)}") for each in names], atomic=True)


def _empty(session: Session, name: str, sql: str) -> _Empty:
    columns = tuple(
        (str(column), str(kind), bool(required))
        for column, kind, required in session.query(_COLUMNS, (name,))
    )
    parents = {str(column): (str(parent), there) for column, parent, there in session.query(_KEYS, (name,))}
    allowed: dict[str, str] = {}
    for check in (each for item in definition_of(sql).items for each in clauses(item, "check")):
        literals = _LITERAL.findall(check)
        for column, _, _ in columns:
            if literals and column.lower() in check.split():
                allowed.setdefault(column, literals[0])
    return _Empty(name, columns, parents, allowed)


def _filled(session: Session, table: _Empty) -> str | None:
    """Why no row went in; `None` when one did."""
    reason, count = "it points to a table without rows", 0
    for number in range(1, _ROWS + 1):
        values = dict(_values(session, table, number))
        names, marks = ", ".join(quoted(each) for each in values), ", ".join("%s" for _ in values)
        words = f"({names}) VALUES ({marks})" if values else "DEFAULT VALUES"
        try:
            session.run(
                [Sql(f"INSERT INTO {quoted(table.name)} {words}", tuple(values.values()))], atomic=True
            )
            count += 1
        except StatementFailed as error:
            reason = error.message
    return None if count else reason


def _values(session: Session, table: _Empty, number: int) -> Iterator[tuple[str, Parameter]]:
    for name, kind, required in table.columns:
        if name in table.parents:
            parent, there = table.parents[name]
            column = (
                there or session.query("SELECT name FROM pragma_table_info(%s) WHERE pk = 1", (parent,))[0][0]
            )
            rows = session.query(f"SELECT {quoted(column)} FROM {quoted(parent)} LIMIT 1 OFFSET {number - 1}")
            yield name, rows[0][0] if rows else None
        elif number == _NULL_ROW and not required:
            yield name, None
        else:
            yield name, table.allowed.get(name, _value(kind.lower(), number))


def _value(kind: str, number: int) -> Parameter:
    if "bool" in kind:
        return number % 2
    if "int" in kind:
        return number
    if "date" in kind or "time" in kind:
        return f"2024-02-{20 + number} 12:34:56.789012"
    if any(each in kind for each in _NUMBERS):
        return number + 0.25
    return f"{number} Text"


def _count(session: Session, table: str) -> int:
    return int(session.query(f"SELECT count(*) FROM {quoted(table)}")[0][0])

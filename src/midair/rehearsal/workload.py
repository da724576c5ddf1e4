"""The running application's statements: from a file of SQL, an export of pg_stat_statements, or the target's own view."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, cast

from midair.errors import BadSetting
from midair.model.statement import Span, Statement, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from midair.database.session import Session

_KINDS = frozenset(("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"))
"""What PREPARE takes, and what an application sends again and again."""
_MOST = 1000
_COLUMN = "query"


def read_workload(text: str, name: str) -> tuple[Statement, ...]:
    """Each different statement of a file, in its order; `.csv` and `.json` are exports with a column `query`.

    Raises:
        BadSetting: it is no such export.
    """
    from midair.dialects.postgresql.split import split

    if name.endswith(".csv"):
        return _usable(_from_csv(text, name))
    if name.endswith((".json", ".jsonl")):
        return _usable(_from_json(text, name))
    return split(text, name, 1)


def workload_of(session: Session) -> tuple[Statement, ...]:
    """What the server's pg_stat_statements remembers of this database, the most frequent first, a thousand at most.

    Raises:
        BadSetting: the database has no such extension.
    """
    where = session.query(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"
    )
    if not where:
        raise BadSetting(
            f"{session.address} has no pg_stat_statements to read queries from",
            hint="give the application's statements in a file, with --queries FILE",
        )
    view = quoted(str(where[0][0]), "pg_stat_statements")
    rows = session.query(
        f"SELECT query FROM {view} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        f" AND query IS NOT NULL AND query !~ 'midair[.]|pg_catalog[.]|pg_stat_' ORDER BY calls DESC, queryid LIMIT {_MOST}"
    )
    return _usable(
        Statement(str(query), Span("pg_stat_statements", number)) for number, (query,) in enumerate(rows, 1)
    )


def _usable(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Each text once, and only what reads or writes rows: BEGIN, SET and their kin have nothing to break."""
    from midair.dialects.postgresql.parse import statement_of

    different = {each.sql: each for each in reversed(list(statements))}
    return tuple(each for each in reversed(different.values()) if statement_of(each.sql)[0] in _KINDS)


def _from_csv(text: str, name: str) -> Iterator[Statement]:
    rows = csv.reader(text.splitlines(keepends=True))
    first: list[str] = next(rows, list[str]())
    header = [each.strip().lower() for each in first]
    if _COLUMN not in header:
        raise _no_export(name, 1, f"its first line names no column `{_COLUMN}`")
    place, line = header.index(_COLUMN), 2
    try:
        for row in rows:
            if len(row) > place and row[place].strip():
                yield Statement(row[place].strip(), Span(name, line))
            line = rows.line_num + 1
    except csv.Error as error:
        raise _no_export(name, line, str(error)) from error


def _from_json(text: str, name: str) -> Iterator[Statement]:
    """A list of objects, or an object a line; the number of the entry stands for the line."""
    try:
        whole: object = json.loads(text)
        entries = cast("list[object]", whole) if isinstance(whole, list) else [whole]
    except ValueError:
        entries = [
            _line(each, name, number) for number, each in enumerate(text.splitlines(), 1) if each.strip()
        ]
    for number, entry in enumerate(entries, 1):
        query = cast("dict[str, object]", entry).get(_COLUMN) if isinstance(entry, dict) else None
        if not isinstance(query, str):
            raise _no_export(name, number, f"entry {number} is no object with a text `{_COLUMN}`")
        if query.strip():
            yield Statement(query.strip(), Span(name, number))


def _line(text: str, name: str, number: int) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _no_export(name, number, f"it is not JSON: {error}") from error


def _no_export(name: str, line: int, why: str) -> BadSetting:
    return BadSetting(
        f"--queries: {name}:{line}: {why}",
        hint=f"a CSV file with a header, or a JSON list of objects; the statements are in `{_COLUMN}`",
    )

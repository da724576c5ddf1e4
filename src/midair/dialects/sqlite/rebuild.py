"""A table made anew with another definition, its rows, indexes and triggers kept (sqlite.org, lang_altertable.html)."""

from collections.abc import Callable, Iterator

from midair.database.session import Session
from midair.dialects.sqlite.definition import Definition, definition_of
from midair.model.statement import Span, Statement

_SUFFIX = "_temporary"


def defined(session: Session, table: str) -> Definition | None:
    """A table's definition as it is now; `None` where there is no such table."""
    rows = session.query(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(%s)", (table,)
    )
    return definition_of(rows[0][0]) if rows else None


def rebuilt(session: Session, table: str, name: Callable[[str], str], after: Definition) -> Iterator[str]:
    """The statements that give a table the definition `after`; `name` writes an identifier.

    Those that make indexes and triggers anew are read now. Columns of both definitions keep their values. While it
    goes on, `legacy_alter_table` keeps other tables' foreign keys and views pointing at the name.
    """
    before = defined(session, table)
    old, new = name(table + _SUFFIX), name(table)
    known = set(before.columns()) if before else set[str]()
    kept = ", ".join(name(each) for each in after.columns() if each in known)
    beside = session.query(
        "SELECT sql FROM sqlite_master WHERE lower(tbl_name) = lower(%s) AND type IN ('index', 'trigger')"
        " AND sql IS NOT NULL ORDER BY rowid",
        (table,),
    )
    yield "PRAGMA legacy_alter_table = ON"
    yield f"ALTER TABLE {new} RENAME TO {old}"
    yield after.text()
    yield f"INSERT INTO {new} ({kept}) SELECT {kept} FROM {old}"
    if before is not None and "autoincrement" in before.text().lower():
        plain, aside = table.replace("'", "''"), (table + _SUFFIX).replace("'", "''")
        yield f"DELETE FROM sqlite_sequence WHERE name = '{plain}'"
        yield f"INSERT INTO sqlite_sequence SELECT '{plain}', seq FROM sqlite_sequence WHERE name = '{aside}'"
    yield f"DROP TABLE {old}"
    yield from (str(row[0]) for row in beside)
    yield "PRAGMA legacy_alter_table = OFF"


def copy_schema(source: Session, copy: Session) -> None:
    """Brings every object of the source about in an empty database, without its rows."""
    rows = source.query(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    )
    if rows:
        copy.run([Statement(row[0], Span("schema", 1)) for row in rows], atomic=True)

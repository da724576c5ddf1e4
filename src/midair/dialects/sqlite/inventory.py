"""Every object of a SQLite file with its definition, from the server's own pragmas; the texts fill in what those leave out."""

from collections.abc import Iterator

from midair.database.session import Session
from midair.dialects.sqlite.definition import Definition, canonical, clauses, definition_of
from midair.model.inventory import Inventory, Thing

_MASTER = """
SELECT type, name, tbl_name, sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%' ESCAPE '^' AND tbl_name NOT LIKE 'midair^_%' ESCAPE '^' ORDER BY type, name
"""
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(%s)'
_KEYS = (
    'SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(%s) ORDER BY id, seq'
)
_UNIQUE = """
SELECT l.name, group_concat(i.name, ', ') FROM pragma_index_list(%s) l, pragma_index_info(l.name) i
WHERE l.origin = 'u' GROUP BY l.name ORDER BY 2
"""


def inventory(session: Session) -> Inventory:
    """What the file holds now; midair's own tables and the order of columns are left out.

    Raises:
        StatementFailed: the file cannot be read.
    """
    definitions: dict[Thing, str] = {}
    tables: dict[Thing, str] = {}
    for kind, name, table, sql in session.query(_MASTER):
        things = (
            _table(session, name, definition_of(sql))
            if kind == "table"
            else [(Thing(kind, name), canonical(sql))]
        )
        for thing, text in things:
            definitions[thing] = text
            tables[thing] = table
    return Inventory(definitions, tables)


def _table(session: Session, name: str, written: Definition) -> Iterator[tuple[Thing, str]]:
    columns = session.query(_COLUMNS, (name,))
    counts = any("autoincrement" in canonical(each).split() for each in written.items)
    yield (
        Thing("table", name),
        " ".join(filter(None, ("AUTOINCREMENT" if counts else "", canonical(written.tail)))),
    )
    for column, kind, required, default, _, hidden in columns:
        yield (
            Thing("column", f"{name}.{column}"),
            _column(written, column, kind, bool(required), default, bool(hidden)),
        )
    key = [each[0] for each in sorted(columns, key=lambda each: each[4]) if each[4]]
    if key:
        yield Thing("constraint", f"{name}.primary key"), f"PRIMARY KEY ({', '.join(key)})"
    for number, (_, unique) in enumerate(session.query(_UNIQUE, (name,)), 1):
        yield Thing("constraint", f"{name}.unique {number}"), f"UNIQUE ({unique})"
    yield from _foreign_keys(session, name)
    for each in written.items:
        for check in clauses(each, "check"):
            yield Thing("constraint", f"{name}.check {check}"), f"CHECK {check}"


def _column(
    written: Definition, name: str, kind: str, required: bool, default: str | None, hidden: bool
) -> str:
    parts = [
        kind.lower(),
        "NOT NULL" if required else "",
        f"DEFAULT {canonical(default)}" if default is not None else "",
    ]
    item = written.column(name) or ""
    parts += [f"COLLATE {each}" for each in clauses(item, "collate")]
    parts += [f"GENERATED AS {each}" for each in clauses(item, "as")] if hidden else []
    return " ".join(filter(None, parts))


def _foreign_keys(session: Session, name: str) -> Iterator[tuple[Thing, str]]:
    found: dict[int, list[tuple[str, ...]]] = {}
    for number, *rest in session.query(_KEYS, (name,)):
        found.setdefault(number, []).append(tuple(str(each) for each in rest))
    for pairs in found.values():
        parent, _, _, on_update, on_delete = pairs[0]
        own, there = ", ".join(each[1] for each in pairs), ", ".join(each[2] for each in pairs)
        text = (
            f"FOREIGN KEY ({own}) REFERENCES {parent} ({there}) ON UPDATE {on_update} ON DELETE {on_delete}"
        )
        yield Thing("constraint", f"{name}.foreign key ({own})"), text

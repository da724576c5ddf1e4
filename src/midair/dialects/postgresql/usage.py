"""How the application speaks of its tables, as pg_stat_statements remembers: what a view or another order of columns would break.

The texts are parsed, never searched for words. What was not called since the statistics began is not seen, and of
statements that mean the same (an INSERT with all columns and one without any) only the text that came first.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier, relation, strings
from midair.dialects.postgresql.parse import parse, walk
from midair.errors import NotParsed, StatementFailed
from midair.model.frozen import frozen, replace
from midair.model.schema import bare_name

_LIKELY = r"insert\s+into\s+\S+\s+(values|select|default)|\mcopy\M|\mtruncate\M|\m(ctid|xmin|xmax)\M|\*|serial_sequence"
"""Texts that may be of interest; a busy server remembers thousands."""
_TEXTS = """
SELECT query FROM {schema}.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query !~* 'midair' AND query ~* %s
ORDER BY calls DESC LIMIT 500
"""
_SYSTEM = frozenset(["ctid", "xmin", "xmax", "cmin", "cmax"])
_SHOWN = 60


@frozen
class Usage:
    """Statements seen about one table, each by the beginning of its text.

    `positional` give values without naming columns; `physical` are those that a view does not take (COPY, TRUNCATE, system
    columns, pg_get_serial_sequence); `stars` read every column there is.
    """

    positional: tuple[str, ...] = ()
    physical: tuple[str, ...] = ()
    stars: tuple[str, ...] = ()


def usages(session: Session) -> Mapping[str, Usage] | None:
    """What the server remembers, by table as the statements name it; `None` where it remembers nothing, or not to this role."""
    where = session.query(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_stat_statements'"
    )
    if not where:
        return None
    try:
        rows = session.query(_TEXTS.format(schema=where[0][0]), (_LIKELY,))
    except StatementFailed:
        return None  # the library is not loaded, or the role may not look
    return usages_of(text for (text,) in rows)


def usages_of(texts: Iterable[str]) -> Mapping[str, Usage]:
    """The same from statements' texts; one that cannot be read (cut off by the server) is left out."""
    found: dict[str, Usage] = {}
    for text in texts:
        try:
            trees = parse(text)
        except NotParsed:
            continue
        shown = " ".join(text.split())[:_SHOWN]
        for tree in trees:
            for table, kind in _uses(tree):
                before = found.get(table, Usage())
                kept = (*getattr(before, kind), shown)
                found[table] = replace(before, **{kind: tuple(dict.fromkeys(kept))})
    return found


def usage_of(table: str, found: Mapping[str, Usage]) -> Usage:
    """What was seen about a table, whether a statement named its schema or not."""
    every = [found[name] for name in dict.fromkeys((table, bare_name(table))) if name in found]
    return Usage(
        tuple(text for each in every for text in each.positional),
        tuple(text for each in every for text in each.physical),
        tuple(text for each in every for text in each.stars),
    )


def _uses(tree: Any) -> Iterator[tuple[str, str]]:
    """(table, field of `Usage`) for one statement."""
    kind = tree.WhichOneof("node")
    node = getattr(tree, kind)
    match kind:
        case "insert_stmt" if not node.cols and node.HasField("select_stmt"):
            yield relation(node.relation), "positional"
        case "copy_stmt" if node.HasField("relation"):
            yield relation(node.relation), "physical"
            if not node.attlist:
                yield relation(node.relation), "positional" if node.is_from else "stars"
        case "truncate_stmt":
            for each in node.relations:
                yield relation(each.range_var), "physical"
        case _:
            pass
    yield from _inside(tree)


def _inside(tree: Any) -> Iterator[tuple[str, str]]:
    nodes = list(walk(tree))
    tables = [relation(node) for name, node in nodes if name == "RangeVar"]
    for name, node in nodes:
        if name == "ColumnRef" and node.fields:
            last = node.fields[-1]
            if last.WhichOneof("node") == "a_star":
                yield from ((table, "stars") for table in tables)
            elif last.string.sval in _SYSTEM:
                yield from ((table, "physical") for table in tables)
        elif name == "FuncCall" and strings(node.funcname)[-1] == "pg_get_serial_sequence" and node.args:
            constant = node.args[0].a_const
            if constant.WhichOneof("val") == "sval":
                yield ".".join(identifier(part) for part in constant.sval.sval.split(".")), "physical"

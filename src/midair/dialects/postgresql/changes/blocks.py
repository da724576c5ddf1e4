"""Statements inside DO blocks and PL/pgSQL bodies, where the grammar lets them be seen."""

from collections.abc import Iterator
from typing import Any, cast

from midair.dialects.postgresql.parse import NotParsed, parse, parse_plpgsql
from midair.model.change import Block, Change, Opaque


def in_block(sql: str, read: Any) -> Iterator[Change]:
    """The changes of a DO block: static statements and EXECUTE of one constant text; the rest is opaque.

    `read` reads one statement's text into changes.
    """
    try:
        tree = parse_plpgsql(sql)
    except (NotParsed, ValueError):
        yield Opaque(sql, "the block's language or text cannot be read")
        return
    yield Block()
    found = list(_texts(tree))
    if not found:
        yield Opaque(sql, "nothing in the block could be read as SQL")
    for text, certain in found:
        if not certain:
            yield Opaque(text, "EXECUTE builds its SQL while it runs")
            continue
        yield from read(text)


def _texts(node: Any) -> Iterator[tuple[str, bool]]:
    """Each SQL text in a PL/pgSQL tree, and whether it is constant."""
    for key, value in _children(node):
        if key == "PLpgSQL_stmt_execsql":
            yield value["sqlstmt"]["PLpgSQL_expr"]["query"], True
        elif key == "PLpgSQL_stmt_perform":
            yield _performed(value["expr"]["PLpgSQL_expr"]["query"]), True
        elif key in ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"):
            query: str = value["query"]["PLpgSQL_expr"]["query"]
            constant = _constant(query)
            yield (query, False) if constant is None else (constant, True)
            yield from _texts(value.get("body"))
        else:
            yield from _texts(value)


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """What is below a node of the JSON tree, each with its key; the members of a list have none."""
    if isinstance(node, list):
        yield from (("", each) for each in cast("list[Any]", node))
    elif isinstance(node, dict):
        yield from cast("dict[str, Any]", node).items()


def _performed(query: str) -> str:
    return query if query.lstrip()[:6].upper() == "SELECT" else f"SELECT {query}"


def _constant(expression: str) -> str | None:
    try:
        (tree,) = parse(f"SELECT {expression}")
    except (NotParsed, ValueError):
        return None
    value = tree.select_stmt.target_list[0].res_target.val
    return (
        value.a_const.sval.sval
        if value.WhichOneof("node") == "a_const" and value.a_const.HasField("sval")
        else None
    )

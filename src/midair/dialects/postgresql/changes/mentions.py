"""Which columns of which tables a view's query names, each among the tables it can belong to where it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from midair.dialects.postgresql.changes.names import identifier, relation
from midair.model.change import Mention

_Scope = Mapping[str, str | None]
"""What a query reads by the name it has there; `None` for a query of its own, whose columns are no table's."""


def mentions_in(query: Any) -> frozenset[Mention]:
    """Every column that a query names, `*` included; what it calls by a name of its own is left out."""
    return frozenset(_mentions(query, ()))


def _mentions(node: Any, scopes: tuple[_Scope, ...]) -> Iterator[Mention]:
    kind = type(node).__name__
    if kind == "ColumnRef":
        yield from _of_reference(node, scopes)
        return
    if kind == "SelectStmt":
        own = {name: table for source in node.from_clause for name, table in _sources(source)}
        named = {each.common_table_expr.ctename for each in node.with_clause.ctes}
        scopes = (own, *scopes) if own else scopes
        if named:
            scopes = (*scopes, dict.fromkeys(named))
    for field, value in node.ListFields():
        if field.message_type is not None:
            for each in value if field.is_repeated else (value,):
                yield from _mentions(each, scopes)


def _sources(node: Any) -> Iterator[tuple[str, str | None]]:
    """What a FROM item is called, and the table behind it."""
    match node.WhichOneof("node"):
        case "range_var":
            yield node.range_var.alias.aliasname or node.range_var.relname, relation(node.range_var)
        case "join_expr":
            yield from _sources(node.join_expr.larg)
            yield from _sources(node.join_expr.rarg)
        case "range_subselect":
            yield node.range_subselect.alias.aliasname, None
        case "range_function":
            yield node.range_function.alias.aliasname, None
        case _:
            return


def _of_reference(node: Any, scopes: tuple[_Scope, ...]) -> Iterator[Mention]:
    words = [each.string.sval for each in node.fields if each.WhichOneof("node") == "string"]
    star = len(words) < len(node.fields)
    column = "*" if star else identifier(words[-1])
    before = words if star else words[:-1]
    if before:
        owner = next((scope[before[-1]] for scope in scopes if before[-1] in scope), None)
        among: tuple[tuple[str, ...], ...] = ((owner,),) if owner is not None else ()
    else:
        reach = scopes[:1] if star else scopes
        among = tuple(tuple(each for each in scope.values() if each is not None) for scope in reach)
    if any(among):
        yield Mention(column, among)

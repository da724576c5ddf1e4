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
    yield from _read(found, _variables(tree), read)


def in_function(sql: str, read: Any) -> Iterator[Change]:
    """What a function or procedure does when it is called, from its CREATE statement, as `in_block` reads it.

    None for a language other than SQL and PL/pgSQL, and for a body that only computes.
    """
    import postgast

    from midair.dialects.postgresql.parse import statement_of

    kind, tree = statement_of(sql)
    if kind != "create_function_stmt":
        return
    options = {each.def_elem.defname: each.def_elem.arg for each in tree.options}
    language = options["language"].string.sval if "language" in options else ""
    if language == "sql" and "as" in options:
        yield Block()
        yield from read(options["as"].list.items[0].string.sval)
    elif language == "plpgsql":
        try:
            body = postgast.parse_plpgsql(sql)
        except (postgast.PgQueryError, ValueError):
            return
        yield Block()
        yield from _read(list(_texts(body)), _variables(body), read)


def _read(found: list[tuple[str, bool]], variables: frozenset[str], read: Any) -> Iterator[Change]:
    for text, certain in found:
        if certain:
            yield from read(_with_parameters(text, variables))
        else:
            yield Opaque(text, "EXECUTE builds its SQL while it runs")


def _variables(node: Any) -> frozenset[str]:
    """The names a PL/pgSQL tree declares: variables, arguments, records."""
    kinds = ("PLpgSQL_var", "PLpgSQL_rec")
    return frozenset(
        str(value["refname"])
        for function in node
        for datum in function.get("PLpgSQL_function", {}).get("datums", ())
        for key, value in _children(datum)
        if key in kinds and "refname" in value
    )


def _with_parameters(sql: str, variables: frozenset[str]) -> str:
    """The statement with its variables as parameters: no column is meant by them, and each is one value."""
    import postgast

    from midair.dialects.postgresql.parse import walk

    if not any(each in sql for each in variables):
        return sql
    try:
        tree = postgast.parse(sql)
        for label, node in walk(tree):
            if label == "Node" and node.WhichOneof("node") == "column_ref" and node.column_ref.fields:
                first = node.column_ref.fields[0]
                if len(node.column_ref.fields) <= 2 and first.string.sval in variables:
                    node.param_ref.number = 1
        return postgast.deparse(tree)
    except (postgast.PgQueryError, ValueError):
        return sql


def _texts(node: Any) -> Iterator[tuple[str, bool]]:
    """Each SQL text in a PL/pgSQL tree, and whether it is constant."""
    for key, value in _children(node):
        if key == "PLpgSQL_stmt_execsql":
            yield value["sqlstmt"]["PLpgSQL_expr"]["query"], True
        elif key == "PLpgSQL_stmt_perform":
            yield _performed(value["expr"]["PLpgSQL_expr"]["query"]), True
        elif key in ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"):
            query: str = value["query"]["PLpgSQL_expr"]["query"]
            constant = constant_of(query)
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


def constant_of(expression: str) -> str | None:
    """The text that an expression is, where it is one in quotes."""
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

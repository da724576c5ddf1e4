"""What an expression names, calls and proves, read from its tree."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import identifier, qualified, strings
from midair.dialects.postgresql.parse import NotParsed, deparse, walk
from midair.model.change import Default, Volatility

_ORDER = (Volatility.IMMUTABLE, Volatility.STABLE, Volatility.UNKNOWN, Volatility.VOLATILE)
# Common extensions' functions by their documentation: uuid-ossp, pgcrypto.
_EXTENSIONS = {
    "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt", "ulid_generate",
}  # fmt: skip


@cache
def _catalog() -> dict[str, Volatility]:
    """The volatility of the server's own functions, the worst of their overloads (PostgreSQL 18's pg_proc)."""
    text = files("midair.dialects.postgresql").joinpath("functions.txt").read_text()
    found = dict.fromkeys(_EXTENSIONS, Volatility.VOLATILE)
    for line in text.splitlines():
        word, *names = line.split()
        found.update(dict.fromkeys(names, Volatility(word)))
    return found


def is_servers_own(function: str) -> bool:
    """A function of the server's own catalog, or of an extension as common as that."""
    return function in _catalog()


def sql_of(node: Any) -> str:
    """An expression as SQL in the server's own spelling; the empty text when it cannot be written."""

    select = pb.SelectStmt()
    select.target_list.add().res_target.val.CopyFrom(node)
    result = pb.ParseResult()
    result.stmts.add().stmt.select_stmt.CopyFrom(select)
    try:
        return deparse(result).removeprefix("SELECT ")
    except NotParsed:
        return ""


def default_of(node: Any) -> Default:
    """A default with the volatility of the worst function it calls."""
    worst = Volatility.IMMUTABLE
    unknown: list[str] = []
    for name, part in walk(node):
        if name == "SQLValueFunction":
            found = Volatility.STABLE
        elif name == "FuncCall":
            found = volatility_of(strings(part.funcname))
            if found is Volatility.UNKNOWN:
                unknown.append(qualified(*strings(part.funcname)))
        else:
            continue
        worst = max(worst, found, key=_ORDER.index)
    return Default(sql_of(node), worst, _is_null(node), tuple(unknown))


def volatility_of(names: tuple[str, ...]) -> Volatility:
    """What PostgreSQL knows of a function called by these names; `UNKNOWN` for one that is not its own."""
    if len(names) > 1 and names[0] != "pg_catalog":
        return Volatility.UNKNOWN
    return _catalog().get("".join(names[-1:]), Volatility.UNKNOWN)


def _is_null(node: Any) -> bool:
    if node.WhichOneof("node") == "type_cast":
        return _is_null(node.type_cast.arg)
    return node.WhichOneof("node") == "a_const" and node.a_const.isnull


def columns_in(node: Any) -> tuple[str, ...]:
    """The columns an expression names, in order of appearance, each once."""
    found: dict[str, None] = {}
    for name, part in walk(node):
        if name == "ColumnRef":
            texts = [each.string.sval for each in part.fields if each.WhichOneof("node") == "string"]
            if texts:
                found[identifier(texts[-1])] = None
    return tuple(found)


def figured_name(node: Any) -> str | None:
    """The name the server gives an expression's column: `lower(a)` → `lower`. Source: FigureColname, parse_target.c."""
    return _figured(node)[0]


_FIXED_NAMES = {"a_array_expr": "array", "row_expr": "row", "coalesce_expr": "coalesce"}


def _figured(node: Any) -> tuple[str | None, int]:
    """The name, and how well it fits: 0 none, 1 for want of a better one, 2 certain."""

    kind = node.WhichOneof("node") or ""
    tree: Any = getattr(node, kind, None)
    match kind:
        case "column_ref" if tree.fields and tree.fields[-1].WhichOneof("node") == "string":
            return tree.fields[-1].string.sval, 2
        case "func_call":
            return tree.funcname[-1].string.sval, 2
        case "a_expr" if tree.kind == pb.AEXPR_NULLIF:
            return "nullif", 2
        case "type_cast":
            name, fit = _figured(tree.arg)
            return (name, fit) if fit > 1 else (tree.type_name.names[-1].string.sval, 1)
        case "collate_clause":
            return _figured(tree.arg)
        case "a_indirection":
            last = tree.indirection[-1]
            return (last.string.sval, 2) if last.WhichOneof("node") == "string" else _figured(tree.arg)
        case "case_expr":
            name, fit = _figured(tree.defresult) if tree.HasField("defresult") else (None, 0)
            return (name, fit) if fit > 1 else ("case", 1)
        case "min_max_expr":
            return ("greatest" if tree.op == pb.IS_GREATEST else "least"), 2
        case _:
            return (_FIXED_NAMES[kind], 2) if kind in _FIXED_NAMES else (None, 0)


def column_of(node: Any) -> str | None:
    """The column, when the expression is nothing but one (or `excluded.c`, `t.c`)."""
    if node.WhichOneof("node") != "column_ref":
        return None
    fields = node.column_ref.fields
    return (
        identifier(fields[-1].string.sval) if fields and fields[-1].WhichOneof("node") == "string" else None
    )


def conjuncts(node: Any) -> Iterator[Any]:
    """The parts of a condition that must all hold."""

    if node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == pb.AND_EXPR:
        for each in node.bool_expr.args:
            yield from conjuncts(each)
    else:
        yield node


def proven_not_null(node: Any) -> frozenset[str]:
    """Columns a check proves to be NOT NULL for the server (safety-rules.md, fact 19)."""
    return frozenset(filter(None, (_proves(each) for each in conjuncts(node))))


def _proves(node: Any) -> str | None:

    match node.WhichOneof("node"):
        case "null_test" if node.null_test.nulltesttype == pb.IS_NOT_NULL:
            return column_of(node.null_test.arg)
        case "bool_expr" if node.bool_expr.boolop == pb.NOT_EXPR:
            inner = node.bool_expr.args[0]
            if inner.WhichOneof("node") == "null_test" and inner.null_test.nulltesttype == pb.IS_NULL:
                return column_of(inner.null_test.arg)
            return None
        case "a_expr" if node.a_expr.kind == pb.AEXPR_DISTINCT and _is_null(node.a_expr.rexpr):
            return column_of(node.a_expr.lexpr)
        case _:
            return None


def bounds_of(node: Any) -> tuple[str, ...]:
    """A check's conjuncts as SQL, for comparing them with a partition's bounds."""
    return tuple(sql_of(each) for each in conjuncts(node))


def narrowed_by(node: Any) -> tuple[frozenset[str], bool]:
    """Columns a WHERE compares with constants for equality, and whether it takes a range or a limited set: one batch."""
    narrowed: set[str] = set()
    limited = False
    for each in conjuncts(node):
        kind = each.WhichOneof("node")
        if kind == "a_expr":
            column = column_of(each.a_expr.lexpr)
            operator = each.a_expr.name[-1].string.sval if each.a_expr.name else ""
            if column and operator == "=" and not columns_in(each.a_expr.rexpr):
                narrowed.add(column)
            if column and operator in ("<", "<=", ">", ">=", "BETWEEN") and not columns_in(each.a_expr.rexpr):
                limited = True
        limited = limited or any(
            name == "SelectStmt" and part.HasField("limit_count") for name, part in walk(each)
        )
    return frozenset(narrowed), limited


def relations_in(node: Any) -> tuple[str, ...]:
    """The tables a query reads, CTE names left out, each once."""
    from midair.dialects.postgresql.changes.names import relation

    ctes = {part.ctename for name, part in walk(node) if name == "CommonTableExpr"}
    found: dict[str, None] = {}
    for name, part in walk(node):
        if name == "RangeVar" and not (part.relname in ctes and not part.schemaname):
            found[relation(part)] = None
    return tuple(found)


def string_constants(node: Any) -> frozenset[str]:
    """Every text constant below a tree: what may be an enum's label."""
    return frozenset(
        part.sval.sval for name, part in walk(node) if name == "A_Const" and part.HasField("sval")
    )

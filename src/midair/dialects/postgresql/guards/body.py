"""A DO block's PL/pgSQL as a tree of the few shapes that guards have."""

from collections.abc import Iterator, Sequence
from typing import Any

from midair.dialects.postgresql.changes.blocks import constant_of
from midair.dialects.postgresql.parse import NotParsed, borders, parse_plpgsql, statement_of
from midair.model.frozen import frozen

_OWN_NAMES = frozenset(["found", "sqlstate", "sqlerrm"])
"""What every block has without declaring it."""
_ERROR = 21
"""RAISE levels from here on end the block (elog.h: ERROR)."""


@frozen
class Run:
    """One statement."""

    sql: str


@frozen
class Choose:
    """The first case whose condition is true; `otherwise` where none is."""

    cases: tuple[tuple[str, "Body"], ...]
    otherwise: "Body"


@frozen
class Attempt:
    """Statements of which nothing stays when one of them raises a condition of `caught`."""

    body: "Body"
    caught: frozenset[str]


@frozen
class Return:
    """The block ends."""


@frozen
class Unclear:
    """Something else. Where the run comes to it, nobody can tell what happens."""

    why: str


Part = Run | Choose | Attempt | Return | Unclear
Body = tuple[Part, ...]


def body_of(sql: str) -> Body:
    """What the block does, in order; one `Unclear` for a block that cannot be read at all, and for more than a block."""
    if statement_of(sql)[0] != "do_stmt":
        return (Unclear("it is not a block alone"),)
    try:
        (made,) = parse_plpgsql(sql)
    except (NotParsed, ValueError):
        return (Unclear("its language or text cannot be read"),)
    function = made["PLpgSQL_function"]
    if "action" not in function:
        return (Unclear("it is in another language"),)
    if any(_is_declared(each) for each in function.get("datums", ())):
        return (Unclear("it declares variables"),)
    return tuple(_parts(function["action"]["PLpgSQL_stmt_block"]))


def _is_declared(datum: dict[str, Any]) -> bool:
    return any(key != "PLpgSQL_var" or value["refname"] not in _OWN_NAMES for key, value in datum.items())


def _parts(block: dict[str, Any]) -> Iterator[Part]:
    """The parts of a BEGIN … END, its handlers around them."""
    made = _all(block.get("body", ()))
    if "exceptions" not in block:
        yield from made
        return
    handlers = [
        each["PLpgSQL_exception"] for each in block["exceptions"]["PLpgSQL_exception_block"]["exc_list"]
    ]
    if any(not _says_only(each) for handler in handlers for each in handler.get("action", ())):
        yield Unclear("it does something where it catches an error")
        return
    names = [each["PLpgSQL_condition"]["condname"] for handler in handlers for each in handler["conditions"]]
    yield Attempt(made, frozenset(names))


def _all(nodes: Sequence[dict[str, Any]], *, chosen: bool = False) -> Body:
    """`chosen`: they stand in a branch of an IF."""
    return tuple(part for node in nodes for part in _part(node, chosen=chosen))


def _part(node: dict[str, Any], *, chosen: bool) -> Iterator[Part]:
    ((kind, value),) = node.items()
    match kind:
        case "PLpgSQL_stmt_block":
            yield from _parts(value)
        case "PLpgSQL_stmt_if" if chosen:
            yield Unclear("it has an IF inside an IF")
        case "PLpgSQL_stmt_if":
            others = [each["PLpgSQL_if_elsif"] for each in value.get("elsif_list", ())]
            cases = [
                (each["cond"], each.get("then_body", each.get("stmts", ()))) for each in (value, *others)
            ]
            yield Choose(
                tuple((_text(condition), _all(nodes, chosen=True)) for condition, nodes in cases),
                _all(value.get("else_body", ()), chosen=True),
            )
        case "PLpgSQL_stmt_execsql" if not value.get("into"):
            yield from _run(_text(value["sqlstmt"]))
        case "PLpgSQL_stmt_dynexecute" if not value.get("into") and not value.get("params"):
            text = constant_of(_text(value["query"]))
            yield from _run(text) if text is not None else (Unclear("EXECUTE builds its SQL while it runs"),)
        case "PLpgSQL_stmt_return":
            yield Return()
        case _ if _says_only(node):
            pass
        case _:
            words = kind.removeprefix("PLpgSQL_stmt_").replace("_", " ")
            yield Unclear(f"it has more in it than guards and statements ({words})")


def _run(text: str) -> Iterator[Part]:
    data = text.encode()
    try:
        yield from (Run(data[start : start + length].decode()) for start, length in borders(data))
    except NotParsed:
        yield Unclear("a statement in it cannot be read")


def _says_only(node: dict[str, Any]) -> bool:
    """RAISE of a notice that computes nothing."""
    raised = node.get("PLpgSQL_stmt_raise")
    if raised is None or raised.get("elog_level", _ERROR) >= _ERROR or raised.get("options"):
        return False
    texts = [_text(each) for each in raised.get("params", ())]
    return all(each.lower() in _OWN_NAMES or constant_of(each) is not None for each in texts)


def _text(expression: dict[str, Any]) -> str:
    return str(expression["PLpgSQL_expr"]["query"])

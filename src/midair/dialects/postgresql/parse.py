"""The PostgreSQL grammar behind one door, so that the library under it can be replaced (decisions/0002).

libpg_query is called through postgast's own declarations of it. That one module is loaded by itself: importing
the package makes classes for all there is in the grammar, which `nodes` makes when they are asked for.
"""

import ctypes
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, cast

from midair.dialects.postgresql import nodes
from midair.errors import NotParsed


def parse(sql: str) -> tuple[Any, ...]:
    """The raw parse trees (protobuf `Node`s of PostgreSQL 18's grammar), one a statement.

    Raises:
        NotParsed: the grammar refuses it.
    """
    return tuple(raw.stmt for raw in parsed(sql).stmts)


def parsed(sql: str) -> Any:
    """The whole `ParseResult` of a text.

    Raises:
        NotParsed: the grammar refuses it.
    """
    library = _library()
    result = library.pg_query_parse_protobuf(sql.encode())
    try:
        _refuse(result)
        return nodes.ParseResult.FromString(ctypes.string_at(result.parse_tree.data, result.parse_tree.len))
    finally:
        library.pg_query_free_protobuf_parse_result(result)


def deparse(tree: Any) -> str:
    """The SQL of a `ParseResult`, in the server's own spelling.

    Raises:
        NotParsed: the tree is nothing that can be written.
    """
    native, data = _native(), tree.SerializeToString()
    text = ctypes.create_string_buffer(data, len(data))
    result = native.lib.pg_query_deparse_protobuf(
        native.PgQueryProtobuf(len(data), ctypes.cast(text, ctypes.c_void_p))
    )
    try:
        _refuse(result)
        return result.query.decode()
    finally:
        native.lib.pg_query_free_deparse_result(result)


def parse_plpgsql(sql: str) -> Any:
    """The JSON tree of a function's or a DO block's PL/pgSQL.

    Raises:
        NotParsed: it is none, or the grammar refuses it.
    """
    library = _library()
    result = library.pg_query_parse_plpgsql(sql.encode())
    try:
        _refuse(result)
        return json.loads(result.plpgsql_funcs)
    finally:
        library.pg_query_free_plpgsql_parse_result(result)


@cache
def _native() -> Any:
    spec = spec_from_file_location("midair_libpg_query", nodes.folder() / "native.py")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("postgast has no module native", name="postgast.native")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _library() -> Any:
    return _native().lib


def _refuse(result: Any) -> None:
    """Raises: NotParsed: the library says that something is wrong, at an offset in bytes."""
    if not result.error:
        return
    error = result.error.contents
    message = error.message.decode(errors="replace") if error.message else "cannot be read"
    raise NotParsed(message, error.cursorpos - 1 if error.cursorpos else None)


def statement_of(sql: str) -> tuple[str, Any]:
    """The kind of a single statement (`index_stmt`) and its tree; `("", None)` when it cannot be parsed."""
    try:
        trees = parse(sql)
    except NotParsed:
        return "", None
    if len(trees) != 1:
        return "", None
    kind = trees[0].WhichOneof("node") or ""
    return kind, getattr(trees[0], kind, None)


def walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every message below a tree, itself included, with its type's name (`RangeVar`)."""
    left = [node]
    while left:
        node = left.pop()
        yield type(node).__name__, node
        below: list[Any] = []
        for _, value in node.ListFields():
            kind = cast("type[object]", type(value))
            if kind in _SCALARS:
                continue
            if hasattr(kind, "DESCRIPTOR"):
                below.append(value)
            else:
                below += value
        left += reversed(below)


_SCALARS = frozenset([int, str, bool, float, bytes])
"""What a field holds that is no part of the tree; asking the field's descriptor takes five times as long."""


def borders(sql: bytes) -> tuple[tuple[int, int], ...]:
    """Start and length in bytes of each statement, comments and blanks around it left out.

    The parser decides; text it refuses is cut at the scanner's semicolons, nothing dropped, so that
    the server and not midair rejects it.

    Raises:
        NotParsed: not even the scanner can read it (an unterminated quote).
    """
    library = _library()
    result = library.pg_query_split_with_parser(sql)
    try:
        _refuse(result)
        found = (result.stmts[number].contents for number in range(result.n_stmts))
        return tuple((each.stmt_location, each.stmt_len) for each in found)
    except NotParsed:
        return tuple(_borders_by_tokens(sql))
    finally:
        library.pg_query_free_split_result(result)


def scanned_borders(sql: bytes) -> tuple[tuple[int, int], ...]:
    """As `borders`, by the scanner's semicolons alone, which takes no memory for trees.

    Raises:
        NotParsed: a quote or comment never ends.
    """
    library = _library()
    result = library.pg_query_split_with_scanner(sql)
    try:
        _refuse(result)
        found = (result.stmts[number].contents for number in range(result.n_stmts))
        return tuple((each.stmt_location, each.stmt_len) for each in found)
    finally:
        library.pg_query_free_split_result(result)


def fingerprint(sql: bytes) -> int | None:
    """A number that two statements share when they differ in nothing but their constants; `None` for what is none."""
    library = _library()
    result = library.pg_query_fingerprint(sql)
    try:
        return None if result.error else result.fingerprint
    finally:
        library.pg_query_free_fingerprint_result(result)


def tokens(sql: bytes) -> Any:
    """The scanner's tokens, comments included, each with its kind and its start and end in bytes.

    Raises:
        NotParsed: a quote or comment never ends.
    """
    library = _library()
    result = library.pg_query_scan(sql)
    try:
        _refuse(result)
        return nodes.ScanResult.FromString(ctypes.string_at(result.pbuf.data, result.pbuf.len)).tokens
    finally:
        library.pg_query_free_scan_result(result)


def scans(sql: bytes) -> bool:
    """Whether the text is whole for PostgreSQL's scanner: every quote and comment in it ends."""
    try:
        tokens(sql)
    except NotParsed:
        return False
    return True


def _borders_by_tokens(sql: bytes) -> Iterator[tuple[int, int]]:
    begin = end = -1
    depth = 0
    for token in tokens(sql):
        if token.token in (nodes.SQL_COMMENT, nodes.C_COMMENT):
            continue
        if token.token == ord(";") and depth <= 0:
            if begin >= 0:
                yield begin, end - begin
            begin, depth = -1, 0
            continue
        depth += (token.token == ord("(")) - (token.token == ord(")"))
        begin, end = (token.start if begin < 0 else begin), token.end
    if begin >= 0:
        yield begin, end - begin


def meta_commands(sql: bytes) -> tuple[tuple[int, str], ...]:
    """Offsets and lines of psql's backslash commands: a backslash that is a token and begins its line.

    Raises:
        NotParsed: the scanner cannot read the text.
    """
    found: list[tuple[int, str]] = []
    for token in tokens(sql):
        line_start = sql.rfind(b"\n", 0, token.start) + 1
        if token.token == ord("\\") and not sql[line_start : token.start].strip():
            line_end = sql.find(b"\n", token.start)
            found.append(
                (token.start, sql[token.start : line_end if line_end >= 0 else None].decode().rstrip())
            )
    return tuple(found)


def placed(sql: str, literals: Sequence[str]) -> str:
    """The text with `$1`, `$2`, … replaced by these literals, those inside quotes and comments left alone.

    Raises:
        NotParsed: the scanner cannot read the text.
    """
    data, pieces, end = sql.encode(), list[bytes](), 0
    for token in tokens(data):
        if token.token == nodes.PARAM:
            pieces += [data[end : token.start], literals[int(data[token.start + 1 : token.end]) - 1].encode()]
            end = token.end
    return b"".join([*pieces, data[end:]]).decode()

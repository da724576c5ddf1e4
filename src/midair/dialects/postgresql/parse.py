"""The PostgreSQL grammar behind one door, so that the library under it can be replaced (decisions/0002)."""

from collections.abc import Iterator, Sequence
from typing import Any

from midair.errors import NotParsed


def parse(sql: str) -> tuple[Any, ...]:
    """The raw parse trees (protobuf `Node`s of PostgreSQL 18's grammar), one a statement.

    Raises:
        NotParsed: the grammar refuses it.
    """
    import postgast

    try:
        return tuple(raw.stmt for raw in postgast.parse(sql).stmts)
    except postgast.PgQueryError as error:
        raise NotParsed(error.message, error.cursorpos - 1 if error.cursorpos else None) from error


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
    yield node.DESCRIPTOR.name, node
    for field, value in node.ListFields():
        if field.message_type is None:
            continue
        for child in value if field.is_repeated else (value,):
            yield from walk(child)


def borders(sql: bytes) -> tuple[tuple[int, int], ...]:
    """Start and length in bytes of each statement, comments and blanks around it left out.

    The parser decides; text it refuses is cut at the scanner's semicolons, nothing dropped, so that
    the server and not midair rejects it.

    Raises:
        NotParsed: not even the scanner can read it (an unterminated quote).
    """
    from postgast.errors import PgQueryError, check_error
    from postgast.native import lib

    result = lib.pg_query_split_with_parser(sql)
    try:
        check_error(result)
        found = (result.stmts[number].contents for number in range(result.n_stmts))
        return tuple((each.stmt_location, each.stmt_len) for each in found)
    except PgQueryError:
        return tuple(_borders_by_tokens(sql))
    finally:
        lib.pg_query_free_split_result(result)


def _tokens(sql: bytes) -> Any:
    import postgast

    try:
        return postgast.scan(sql.decode()).tokens
    except postgast.PgQueryError as error:
        raise NotParsed(error.message, error.cursorpos - 1 if error.cursorpos else None) from error


def scans(sql: bytes) -> bool:
    """Whether the text is whole for PostgreSQL's scanner: every quote and comment in it ends."""
    try:
        _tokens(sql)
    except NotParsed:
        return False
    return True


def _borders_by_tokens(sql: bytes) -> Iterator[tuple[int, int]]:
    from postgast.pg_query_pb2 import C_COMMENT, SQL_COMMENT

    begin = end = -1
    depth = 0
    for token in _tokens(sql):
        if token.token in (SQL_COMMENT, C_COMMENT):
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
    for token in _tokens(sql):
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
    from postgast.pg_query_pb2 import PARAM

    data, pieces, end = sql.encode(), list[bytes](), 0
    for token in _tokens(data):
        if token.token == PARAM:
            pieces += [data[end : token.start], literals[int(data[token.start + 1 : token.end]) - 1].encode()]
            end = token.end
    return b"".join([*pieces, data[end:]]).decode()

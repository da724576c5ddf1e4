"""What calls of `op` declare in their `info` (or `execution_options`), read from the file's syntax tree; nothing is run."""

import ast
from collections.abc import Iterator

from midair.errors import BadIntent
from midair.model.intent import Declared

_KEYWORDS = ("info", "execution_options")
_OURS = "midair"


def declared(text: str, path: str) -> tuple[Declared, ...]:
    """`info={"midair": {…}}` of every call, for whatever the outermost call on those lines sends.

    Raises:
        BadIntent: the value is computed, or no mapping of words to texts and numbers.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()  # the tool itself says it better
    return tuple(_of(tree, path))


def _of(tree: ast.AST, path: str) -> Iterator[Declared]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        for call in ast.walk(node.value):
            for keyword in call.keywords if isinstance(call, ast.Call) else ():
                if keyword.arg in _KEYWORDS and _OURS in ast.dump(keyword.value):
                    words = _words(keyword.value, path)
                    yield Declared(keyword.value.lineno, node.lineno, node.end_lineno or node.lineno, words)


def _words(node: ast.expr, path: str) -> tuple[tuple[str, str], ...]:
    try:
        given = ast.literal_eval(node).get(_OURS, {})
        return tuple((str(word), _plain(value)) for word, value in given.items())
    except (ValueError, AttributeError, TypeError) as error:
        raise BadIntent(
            f"{path}:{node.lineno} declares something for midair that cannot be read without running the file",
            hint='write it literally: info={"midair": {"up": "lower(email)"}}',
        ) from error


def _plain(value: object) -> str:
    if isinstance(value, str | int):
        return str(value)
    raise TypeError(f"{value!r} is neither text nor a number")

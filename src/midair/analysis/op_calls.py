"""SQL as calls of Alembic's `op`, for remedies in Alembic projects."""

import ast
import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.change import Query
from midair.model.finding import Remedy
from midair.model.frozen import replace
from midair.model.statement import Span, Statement


def for_alembic(remedy: Remedy) -> Remedy:
    """The remedy with calls of `op`: the rule's own where it has some, else its SQL through `op.execute`.

    SQL that only asks is for a person at a prompt and stays what it is.
    """
    if remedy.alembic is not None and _is_plain(remedy.alembic):
        return remedy
    if not remedy.sql or _only_asks(remedy.sql):
        return replace(remedy, alembic=None)
    return replace(remedy, alembic="\n".join(_calls(remedy.sql)))


def without_alembic(remedy: Remedy) -> Remedy:
    """The remedy for a project of another tool."""
    return remedy if remedy.alembic is None else replace(remedy, alembic=None)


def _is_plain(calls: str) -> bool:
    """Whether the names in calls of `op` are what `op` takes: bare, without a schema or quotes of their own."""
    try:
        tree = ast.parse(calls)
    except SyntaxError:  # a quoted name among the call's own quotes
        return False
    return not any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and set(each.value) & {".", '"'}
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr != "execute"
        for each in call.args[:2]
    )


def _only_asks(sql: Sequence[str]) -> bool:
    return all(isinstance(change, Query) for each in sql for change in changes_of(each))


def _calls(sql: Sequence[str]) -> Iterator[str]:
    for alone, those in groupby(sql, key=lambda each: stands_alone(Statement(each, Span("", 1)))):
        if alone:
            yield "with op.get_context().autocommit_block():"
        yield from (f"{'    ' if alone else ''}op.execute({_text(each)})" for each in those)


def _text(sql: str) -> str:
    """A Python literal; SQL of several lines in three quotes, as a person would write it."""
    if "\n" in sql and '"""' not in sql and "\\" not in sql and not sql.endswith('"'):
        return f'"""\n{sql}\n"""'
    return json.dumps(sql, ensure_ascii=False)

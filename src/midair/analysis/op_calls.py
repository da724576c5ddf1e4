"""SQL as calls of Alembic's `op`, for remedies in Alembic projects."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.change import Query
from midair.model.finding import Remedy
from midair.model.statement import Span, Statement


def for_alembic(remedy: Remedy) -> Remedy:
    """The remedy with calls of `op`: the rule's own where it has some, else its SQL through `op.execute`.

    SQL that only asks is for a person at a prompt and stays what it is.
    """
    if remedy.alembic is not None or not remedy.sql or _only_asks(remedy.sql):
        return remedy
    return replace(remedy, alembic="\n".join(_calls(remedy.sql)))


def without_alembic(remedy: Remedy) -> Remedy:
    """The remedy for a project of another tool."""
    return remedy if remedy.alembic is None else replace(remedy, alembic=None)


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

"""Context and label expressions, and `dbms` lists (liquibase.md §4.1–4.3)."""

import re
from collections.abc import Callable, Collection
from functools import partial

from midair.errors import BadMigration

_Holds = Callable[[str, bool], bool]
"""Whether a word holds; the second argument asks for its opposite."""
_OR = re.compile(r"\s+or\s+")
_AND = re.compile(r"\s+and\s+")
_NOT = re.compile(r"^(!|not\s+)\s*")
_INNERMOST = re.compile(r"\(([^()]*)\)")


def in_context(expression: str | None, contexts: Collection[str]) -> bool:
    """Whether a changeset's context expression holds for the contexts of this run; without any, everything runs.

    Raises:
        BadMigration: its parentheses do not match.
    """
    return _any_part(expression, partial(_context_word, {each.lower() for each in contexts}))


def has_labels(labels: Collection[str], wanted: str | None) -> bool:
    """Whether a changeset's labels fit the label filter of this run; one without labels always does."""
    if not labels or not wanted:
        return True
    own = {each.lower() for each in labels}
    own.add(":true")
    return _any_part(wanted, lambda word, negated: (word.lstrip("@").strip() in own) != negated)


def on_dbms(names: str | None, dbms: str) -> bool:
    """Whether a `dbms` list means this database: `postgresql`, `mariadb`, … or none at all."""
    every = [each.strip().lower() for each in (names or "").split(",") if each.strip()]
    if not every or "all" in every:
        return True
    if "none" in every or f"!{dbms}" in every:
        return False
    plain = [each for each in every if not each.startswith("!")]
    return not plain or dbms in plain


def _context_word(contexts: set[str], word: str, negated: bool) -> bool:
    """Without contexts every plain word holds, its opposite too; `@word` must be named."""
    if word in (":true", ":false"):  # what was in parentheses
        return not contexts or (word == ":true") != negated
    if word.startswith("@"):
        return (word[1:].strip() in contexts) != negated
    return not contexts or (word in contexts) != negated


def _any_part(expression: str | None, holds: _Holds) -> bool:
    parts = [each.strip().lower() for each in (expression or "").split(",")]
    parts = [each for each in parts if each]
    return not parts or any(_part(each, holds) for each in parts)


def _part(text: str, holds: _Holds) -> bool:
    while found := _INNERMOST.search(text):
        inner = ":true" if _plain(found.group(1).strip(), holds) else ":false"
        text = f"{text[: found.start()]} {inner} {text[found.end() :]}"
    if "(" in text:  # a closing one alone is part of a word to Liquibase
        raise BadMigration(f"the expression {text!r} has a parenthesis without its partner")
    return _plain(text.strip(), holds)


def _plain(text: str, holds: _Holds) -> bool:
    return any(all(_word(each.strip(), holds) for each in _AND.split(part)) for part in _OR.split(text))


def _word(text: str, holds: _Holds) -> bool:
    if text == ":true":
        return True
    if text == ":false":
        return False
    if text.startswith("@!"):  # the same as !@x
        return holds("@" + text[2:].strip(), True)
    if found := _NOT.match(text):
        inner = text[found.end() :].strip()
        return holds(inner, True)
    return holds(text, False)

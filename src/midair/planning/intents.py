"""What authors declare beside their SQL, found in the files and put on the statements it is about (docs/intent.md)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from midair.dialects.postgresql.parse import parse
from midair.errors import BadIntent, NotParsed
from midair.model.intent import Declared, Intent, Way, When
from midair.model.migration import Block, Script
from midair.model.statement import Span, Statement

_DIRECTIVE = re.compile(
    r"\s*(?:--|#|//|/\*|\*|<!--)\s*midair:\s*(?P<word>[A-Za-z_-]+)\s*=\s*(?P<value>.*)", re.IGNORECASE
)
_CLOSING = re.compile(r"\s*(-->|\*/)\s*$")
_COMMENT = re.compile(r"\s*(--|#|//|/\*|\*|<!--|$)")
WORDS = ("up", "down", "strategy", "phase", "batch_rows")
_MOST_ROWS = 5000
"""A writer may wait as long as a batch takes; nothing is gained above a thousand rows (expand-contract.md §3.5)."""
_Choice = TypeVar("_Choice", bound=StrEnum)


Calls = Callable[[str, str], Sequence[Declared]]
"""From a file's text and path to what its own language declares, where that is more than comments."""


def with_intents(script: Script, read: Callable[[str], str | None], calls: Calls | None) -> Script:
    """The script, each statement with what is declared about it. `read` gives a file's text by its path.

    Raises:
        BadIntent: a word nobody knows, a value that cannot be, or a declaration with nothing below it.
    """
    paths = dict.fromkeys(each.span.path for each in script.statements)
    found = {path: tuple(_in_file(text, path, calls)) for path in paths if (text := read(path)) is not None}
    if not any(found.values()):
        return script
    return replace(
        script,
        blocks=tuple(
            Block(
                tuple(_with(each, found.get(each.span.path, ())) for each in block.statements), block.atomic
            )
            for block in script.blocks
        ),
    )


def told(script: Script) -> tuple[str, ...]:
    """What was declared, for the reader of the plan: a line a statement."""
    return tuple(
        f"{each.span} has intent from {each.intent.place}: {', '.join(_said(each.intent))}"
        for each in script.statements
        if each.intent is not None
    )


def _said(intent: Intent) -> Iterator[str]:
    for word in WORDS:
        value = getattr(intent, word)
        if value is not None:
            yield f"{word} = {value}"


def _with(statement: Statement, declared: Sequence[Declared]) -> Statement:
    span = statement.span
    last = span.end_line or span.line
    mine = [
        each for each in declared if each.first <= span.line <= each.last or span.line <= each.line <= last
    ]
    if not mine:
        return statement
    words = [(word, value, Span(span.path, each.line)) for each in mine for word, value in each.words]
    return replace(statement, intent=intent_of(words))


def _in_file(text: str, path: str, calls: Calls | None) -> Iterator[Declared]:
    if "midair" not in text:
        return
    yield from _comments(text, path)
    if calls is not None:
        yield from calls(text, path)


def _comments(text: str, path: str) -> Iterator[Declared]:
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        found = _DIRECTIVE.match(line)
        if found is None:
            continue
        below = next((at for at in range(number, len(lines)) if not _COMMENT.match(lines[at])), None)
        if below is None:
            raise BadIntent(
                f"{path}:{number} says {found['word']} of a statement, and none stands below it",
                hint="put the comment right above the statement it is about",
            )
        value = _CLOSING.sub("", found["value"]).strip()
        yield Declared(number, below + 1, below + 1, ((found["word"].lower().replace("-", "_"), value),))


def intent_of(words: Sequence[tuple[str, str, Span]]) -> Intent:
    """One statement's words, each with its place, as what they mean.

    Raises:
        BadIntent: one of them means nothing, or is said twice.
    """
    said: dict[str, tuple[str, Span]] = {}
    for word, value, place in words:
        if word not in WORDS:
            raise BadIntent(
                f"{place} says {word}, which midair does not know", hint=f"it knows {', '.join(WORDS)}"
            )
        if word in said:
            raise BadIntent(f"{place} says {word} again, after {said[word][1]}", hint="leave one of them")
        if not value:
            raise BadIntent(
                f"{place} gives {word} no value", hint="write it behind the equals sign, on the same line"
            )
        said[word] = (value, place)
    return Intent(
        up=_expression(said, "up"),
        down=_expression(said, "down"),
        strategy=_chosen(said, "strategy", Way),
        phase=_chosen(said, "phase", When),
        batch_rows=_rows(said),
        place=str(words[0][2]) if words else "",
    )


def _expression(said: Mapping[str, tuple[str, Span]], word: str) -> str | None:
    if word not in said:
        return None
    value, place = said[word]
    try:
        # In brackets it can be nothing but one expression: no second statement, no FROM.
        trees = parse(f"SELECT ({value})")
    except NotParsed as error:
        raise BadIntent(
            f"{place} gives {word} as {value!r}, which is no SQL expression: {error.message}",
            hint="write an expression over the table's columns, on one line",
        ) from error
    targets = trees[0].select_stmt.target_list if len(trees) == 1 else ()
    if len(targets) != 1 or trees[0].select_stmt.from_clause:
        raise BadIntent(f"{place} gives {word} as {value!r}, which is more than one expression")
    return value


def _chosen(said: Mapping[str, tuple[str, Span]], word: str, choice: type[_Choice]) -> _Choice | None:
    if word not in said:
        return None
    value, place = said[word]
    try:
        return choice(value.lower())
    except ValueError:
        names = ", ".join(choice)
        raise BadIntent(f"{place} gives {word} as {value!r}", hint=f"it can be one of: {names}") from None


def _rows(said: Mapping[str, tuple[str, Span]]) -> int | None:
    if "batch_rows" not in said:
        return None
    value, place = said["batch_rows"]
    if not value.isdecimal() or not 1 <= int(value) <= _MOST_ROWS:
        raise BadIntent(
            f"{place} gives batch_rows as {value!r}", hint=f"it can be a number from 1 to {_MOST_ROWS}"
        )
    return int(value)

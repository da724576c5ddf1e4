"""The line on which a setting stands; asked only for messages and `config show`."""

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import cast


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line (from 1) where the value under `keys` begins, or `None` if it is not in the text.

    `tomllib` tells no positions, so the parser itself is asked: the value begins right after the
    longest beginning of the file that is a document without it.
    """
    beginnings = _beginnings(text)
    first = bisect_left(beginnings, True, key=lambda beginning: _has(beginning[1], keys))
    return beginnings[first - 1][0] + 1 if first < len(beginnings) else None


@lru_cache(maxsize=2)
def _beginnings(text: str) -> tuple[tuple[int, object], ...]:
    """How many lines, and what they hold, for every beginning of the text that parses."""
    lines = text.splitlines(keepends=True)
    found: list[tuple[int, object]] = [(0, {})]
    for count in range(1, len(lines) + 1):
        try:
            found.append((count, tomllib.loads("".join(lines[:count]))))
        except tomllib.TOMLDecodeError:  # the cut is inside a value of several lines
            continue
    return tuple(found)


def _has(value: object, keys: Sequence[str | int]) -> bool:
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = cast("dict[str | int, object]", value)[key]  # what tomllib gives has no narrower type
        elif isinstance(value, list) and isinstance(key, int) and key < len(cast("list[object]", value)):
            value = cast("list[object]", value)[key]
        else:
            return False
    return True

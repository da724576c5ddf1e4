"""Durations as people write them: `50ms`, `10 min`, `1h 30min`."""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\b")


class Duration:
    """A length of time. `text` is how the user wrote it.

    Not a dataclass: msgspec would read it from a table, and it is written as text.
    """

    __slots__ = ("seconds", "text")

    def __init__(self, seconds: float, text: str) -> None:
        self.seconds = seconds
        self.text = text

    def __str__(self) -> str:
        return self.text


def duration(text: str) -> Duration:
    """The duration a text means.

    Raises:
        ValueError: there is no unit, or something else stands in it; the message says what is expected.
    """
    position, seconds = 0, 0.0
    while match := _PART.match(text, position):
        seconds += float(match[1]) * _SECONDS[match[2]]
        position = match.end()
    if position == 0 or text[position:].strip():
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, as in 50ms, 10s, 3min, 1h")
    return Duration(round(seconds, 6), text.strip())

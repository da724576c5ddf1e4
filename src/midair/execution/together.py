"""Which transactions travel to the server in one message: a round trip each is what many small ones wait for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.model.plan import RecordRevision, RunStatement, Segment, Step

_TRANSACTIONS = 32
_CHARACTERS = 64_000
"""Bounds of one message: what Ctrl-C or a cut connection leaves to be asked for stays small."""
_SETTING = ("SET ", "RESET ", "SELECT ")
"""Beginnings of what may change how the server reads the rest of a message (`standard_conforming_strings`)."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A segment and its place in the plan, from 1."""

    number: int
    segment: Segment


def groups(segments: Sequence[Segment]) -> Iterator[tuple[Numbered, ...]]:
    """All segments in order, neighbours together that may share a message; every other one alone."""
    held: list[Numbered] = []
    size = 0
    for number, segment in enumerate(segments, 1):
        length = _length(segment)
        if held and (length is None or len(held) == _TRANSACTIONS or size + length > _CHARACTERS):
            yield tuple(held)
            held, size = [], 0
        if length is None:
            yield (Numbered(number, segment),)
            continue
        held.append(Numbered(number, segment))
        size += length
    if held:
        yield tuple(held)


def _length(segment: Segment) -> int | None:
    """Its characters; `None` when it must travel alone."""
    lengths = [_step_length(step) for step in segment.steps]
    if not segment.atomic or None in lengths:
        return None
    return sum(length for length in lengths if length is not None)


def _step_length(step: Step) -> int | None:
    if step.locks:
        return None  # they are asked for first, in tries of their own
    match step.action:
        case RecordRevision(marks=marks, timed=False):
            return sum(len(sql.text) for sql in marks)
        case RunStatement(statement=statement) if statement.rows is None:
            begins = statement.sql[:10].upper().startswith(_SETTING)
            return None if begins else len(statement.sql)
        case _:
            return None

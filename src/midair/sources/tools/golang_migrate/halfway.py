"""What a failed file left behind, asked of the schema itself, statement by statement."""

from collections.abc import Sequence
from enum import StrEnum

from midair.database.session import Session
from midair.dialects.dialect import dialect_of
from midair.model.frozen import frozen
from midair.model.statement import Statement


class Extent(StrEnum):
    """How much of a file is in place."""

    ALL = "all"
    NONE = "none"
    PART = "part"
    UNCLEAR = "unclear"


@frozen
class Evidence:
    """A file's statements, each with what the schema says: in (true), not in (false), or nothing (`None`)."""

    name: str
    facts: tuple[tuple[Statement, bool | None], ...]

    @property
    def extent(self) -> Extent:
        """The sum of it. A statement the schema shows nothing of goes with those around it."""
        known = [there for _, there in self.facts if there is not None]
        if not known:
            return Extent.UNCLEAR
        if all(known):
            return Extent.ALL
        return Extent.PART if any(known) else Extent.NONE

    def __str__(self) -> str:
        words = {True: "is in", False: "is not in", None: "leaves no trace to look for"}
        parts = (f"line {statement.span.line} {words[there]}" for statement, there in self.facts[:8])
        return f"{self.name}: {', '.join(parts)}"


def evidence(session: Session, name: str, statements: Sequence[Statement]) -> Evidence:
    """Asks the schema about every statement of a file that can be asked about."""
    dialect = dialect_of(session.product)
    facts: list[tuple[Statement, bool | None]] = []
    for statement in statements:
        probe = dialect.probe(statement)
        there = bool(session.query(probe.text, probe.parameters)[0][0]) if probe else None
        facts.append((statement, there))
    return Evidence(name, tuple(facts))

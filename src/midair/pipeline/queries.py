"""What becomes of the running application's statements, phase by phase."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from midair.model.finding import Finding
from midair.model.migration import Migration
from midair.model.statement import Span
from midair.rehearsal import verdicts
from midair.rehearsal.verdicts import found


@dataclass(frozen=True, slots=True)
class Breakage:
    """Which statements the server refuses, with its reason: before, once both versions are supported, and at the end."""

    before: Mapping[Span, str]
    expanded: Mapping[Span, str]
    contracted: Mapping[Span, str]


def judged(broken: Breakage, migration: Migration, *, gated: bool) -> Iterator[Finding]:
    """What this migration breaks. `gated`: its end is reached only once a person has closed the gate."""
    phase = "after expand" if gated else "after it"
    for span, reason in broken.expanded.items():
        if span not in broken.before:
            yield found(verdicts.QUERY_BREAKS, migration, f"{span} no longer works {phase}: {reason}")
    for span, reason in broken.contracted.items():
        if span not in broken.before and span not in broken.expanded:
            said = f"{span} works before and after expand, and no longer after contract: {reason}"
            yield found(verdicts.QUERY_ENDS, migration, said)


def broken_before(broken: Mapping[Span, str], first: Migration) -> Iterator[Finding]:
    """Statements that do not even work on the schema as it is."""
    for span, reason in broken.items():
        yield found(
            verdicts.QUERY_BROKEN_BEFORE, first, f"{span} does not work before any migration: {reason}"
        )

"""What becomes of the running application's statements, phase by phase."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from midair.model.finding import Finding
from midair.model.migration import Migration
from midair.model.statement import Span
from midair.rehearsal import verdicts
from midair.rehearsal.application import Refusal
from midair.rehearsal.verdicts import found

Refused = Mapping[Span, Refusal]


@dataclass(frozen=True, slots=True)
class Breakage:
    """Which statements the server refuses: before, once both versions are supported, and at the end."""

    before: Refused
    expanded: Refused
    contracted: Refused


def judged(broken: Breakage, migration: Migration, *, gated: bool) -> Iterator[Finding]:
    """What this migration breaks. `gated`: its end is reached only once a person has closed the gate."""
    phase = "after expand" if gated else "after it"
    for span, each in broken.expanded.items():
        if span not in broken.before:
            yield found(
                verdicts.QUERY_BREAKS, migration, f"{each.what} no longer works {phase}: {each.reason}"
            )
    for span, each in broken.contracted.items():
        if span not in broken.before and span not in broken.expanded:
            said = f"{each.what} works until contract, and no longer after it: {each.reason}"
            yield found(verdicts.QUERY_ENDS, migration, said)


def broken_before(broken: Refused, first: Migration) -> Iterator[Finding]:
    """Statements that do not even work on the schema as it is."""
    for each in broken.values():
        if not each.untyped:
            said = f"{each.what} does not work before any migration: {each.reason}"
            yield found(verdicts.QUERY_BROKEN_BEFORE, first, said)


def not_judged(broken: Refused) -> str | None:
    """A sentence about those that nothing can be said of."""
    untyped = [each for each in broken.values() if each.untyped]
    if not untyped:
        return None
    return f"{len(untyped)} statements cannot be prepared without the types of their parameters and were not judged, such as {untyped[0].what}"

"""What waits behind gates, for people: since when, what speaks against it, what would run."""

from collections.abc import Iterator, Sequence

from midair.reporting.format import Look
from midair.reporting.report import ChangeLine, ContractPayload, GateLine
from midair.reporting.style import count, length_of_time, painted

_PHASES = {
    "expanding": "yellow",
    "backfilling": "yellow",
    "archived": "dim",
    "contracted": "dim",
    "purged": "dim",
    "undone": "dim",
}
_COLOURS = {"green": "green", "red": "red", "missing": "yellow"}


def waiting_lines(gates: Sequence[GateLine], look: Look) -> Iterator[str]:
    """One line an open contract, and one for each thing that was seen of its gate."""
    for gate in gates:
        age = length_of_time(gate.age_s)
        yield f"  {painted('waits', 'yellow', look)}  {gate.revision}  {gate.summary}, for {age}; then: midair contract {gate.revision}"
        for each in gate.evidence:
            yield f"    {painted(f'{each.light:<8}', _COLOURS[each.light], look)}{each.probe}: {each.text}"


def change_lines(changes: Sequence[ChangeLine], look: Look) -> Iterator[str]:
    """One line a change that is under way or over; what waits has its own lines."""
    for each in changes:
        if each.phase == "ready":
            continue
        part = f" {each.percent} %" if each.percent is not None else ""
        when = f", {each.since.astimezone():%Y-%m-%d %H:%M}" if each.since else ""
        until = (
            f"; kept until {each.until.astimezone():%Y-%m-%d %H:%M}, then: midair contract --purge"
            if each.until
            else ""
        )
        phase = painted(each.phase, _PHASES.get(each.phase), look)
        yield f"  {phase}{part}  {each.revision}  {each.summary}{when}{until}"


def contract_lines(payload: ContractPayload, look: Look) -> Iterator[str]:
    """Every gate with its evidence and its SQL, and what became of it."""
    if not payload.gates:
        yield "no contract is open"
        return
    for gate in payload.gates:
        title = painted(gate.revision, "bold", look)
        yield f"{title}  {gate.recipe}: {gate.summary}, for {length_of_time(gate.age_s)}"
        for each in gate.evidence:
            yield f"  {painted(f'{each.light:<8}', _COLOURS[each.light], look)}{each.probe}: {each.text}"
        yield from (
            f"  {'runs' if not payload.done else 'ran':<8}{' '.join(sql.split())}" for sql in gate.statements
        )
        if gate.back:
            kept = "what goes away is put aside; " if gate.archives else ""
            yield f"  {'back':<8}{kept}a rollback after this brings back {gate.back}"
    if payload.done:
        yield f"contracted {count(len(payload.gates), 'change')}"

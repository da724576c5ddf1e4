"""The demo for people: both flights side by side, in figures and as two curves."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from math import log10

from midair.reporting.demo import DemoPayload, Flight, Slice
from midair.reporting.format import Look
from midair.reporting.style import Cell, length_of_time, painted, table

NAMES = {"direct": "as written", "online": "online"}
_STEPS, _ASCII_STEPS = "▁▂▃▄▅▆▇█", "_.-~=+*#"
_LOWEST_MS = 1.0
_COLUMNS = 64


def demo_lines(payload: DemoPayload, look: Look) -> Iterator[str]:
    """The figures as a table, the curves, what was refused, and where the migrations are."""
    yield painted(verdict(payload), "bold", look)
    yield ""
    yield from table([*_rows(payload.flights)], look)
    yield ""
    yield from _curves(payload.flights, look)
    for each in payload.flights:
        if each.exit_code:
            yield f"  {painted(NAMES[each.strategy], 'red', look)}  midair left with {each.exit_code}: {each.said}"
        for refusal in each.refusals:
            yield f"  {painted('failed', 'red', look)} {NAMES[each.strategy]}  {refusal.times} x {refusal.reason}"
    yield f"the server is gone; the five migrations are in {payload.folder}"


def verdict(payload: DemoPayload) -> str:
    """The outcome in a sentence."""
    told = [
        f"{NAMES[each.strategy]} {each.failed} of {each.requests} requests failed and the worst waited {_ms(each.migrating_worst_ms)}"
        for each in payload.flights
    ]
    return f"five migrations on {payload.rows} orders: {'; '.join(told)}"


def figures(flight: Flight) -> tuple[tuple[str, str], ...]:
    """Name and value of everything measured; the same for the terminal and the page."""
    return (
        ("failed requests", f"{flight.failed} of {flight.requests}"),
        ("worst wait", _ms(flight.migrating_worst_ms)),
        ("99 of 100 waited at most", _ms(flight.migrating_p99_ms)),
        ("before it: worst wait", _ms(flight.calm_worst_ms)),
        ("before it: 99 of 100", _ms(flight.calm_p99_ms)),
        ("midair was at work for", length_of_time(flight.took_s)),
    )


def highest_ms(flights: Sequence[Flight]) -> float:
    """The longest wait of all, for a scale that both curves share."""
    return max([_LOWEST_MS * 10, *(each.worst_ms for flight in flights for each in flight.slices)])


def longest_s(flights: Sequence[Flight]) -> float:
    """The longer flight's end, for a scale that both curves share."""
    return max([0.1, *(flight.slices[-1].at_s for flight in flights if flight.slices)])


def _rows(flights: Sequence[Flight]) -> Iterator[Sequence[Cell | str]]:
    yield ("", *(Cell(NAMES[each.strategy], "bold") for each in flights))
    for rows in zip(*(figures(each) for each in flights), strict=True):
        yield (rows[0][0], *(value for _, value in rows))


def _curves(flights: Sequence[Flight], look: Look) -> Iterator[str]:
    columns = min(_COLUMNS, look.width - 14) if look.width else _COLUMNS
    top, column_s = highest_ms(flights), longest_s(flights) / columns
    yield f"  longest wait: bottom {_ms(_LOWEST_MS)}, top {_ms(top)}; a column is {length_of_time(column_s)}, x marks failed requests"
    for flight in flights:
        groups = _grouped(flight.slices, column_s, columns)
        steps = _ASCII_STEPS if look.ascii else _STEPS
        curve = "".join(
            _step(max((each.worst_ms for each in group), default=0), top, steps) for group in groups
        )
        lost = "".join("x" if any(each.failed for each in group) else " " for group in groups)
        marks = _under(flight, column_s, columns)
        for label, line, colour in (
            (NAMES[flight.strategy], curve, "cyan"), ("", lost.rstrip(), "red"), ("", marks, "dim"),
        ):  # fmt: skip
            if line:
                yield f"  {label:<11} {painted(line, colour, look)}"


def _grouped(slices: Sequence[Slice], column_s: float, columns: int) -> list[list[Slice]]:
    groups: list[list[Slice]] = [[] for _ in range(columns)]
    for each in slices:
        groups[min(columns - 1, int(each.at_s / column_s))].append(each)
    while groups and not groups[-1]:
        groups.pop()
    return groups


def _step(worst_ms: float, top_ms: float, steps: str) -> str:
    if worst_ms <= 0:
        return " "
    part = log10(max(worst_ms, _LOWEST_MS) / _LOWEST_MS) / log10(top_ms / _LOWEST_MS)
    return steps[min(len(steps) - 1, int(part * len(steps)))]


def _under(flight: Flight, column_s: float, columns: int) -> str:
    """What midair did meanwhile, below the curve."""
    line = [" "] * columns
    for mark in flight.marks:
        if mark.name not in ("apply", "deploy", "contract"):
            continue
        begin = min(columns - 1, int(mark.began_s / column_s))
        end = min(columns, max(begin + 1, int(mark.ended_s / column_s)))
        room = end - begin
        for at, (letter, _) in enumerate(zip_longest(mark.name[:room], range(room), fillvalue="-")):
            line[begin + at] = letter
    return "".join(line).rstrip()


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else length_of_time(value / 1000)

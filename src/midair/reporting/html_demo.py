"""The demo's page: the verdict, both curves on the same axes, the figures, the migrations, what was refused."""

from collections.abc import Iterator
from html import escape
from math import ceil, log10

from midair.reporting.demo import DemoPayload, Flight, Slice
from midair.reporting.demonstrated import NAMES, figures, highest_ms, longest_s, verdict
from midair.reporting.report import Report
from midair.reporting.style import length_of_time

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 960, 240, 60, 24, 44
_DOING = ("apply", "deploy", "contract")


def demo_body(payload: DemoPayload, report: Report) -> str:
    """The whole page inside `main`."""
    return "".join((*_head(payload, report), *_charts(payload), *_figures(payload), *_rest(payload)))


def _head(payload: DemoPayload, report: Report) -> Iterator[str]:
    moment = report.started_at.isoformat(sep=" ", timespec="seconds")
    yield "<h1>The same five migrations, twice, while an application works</h1>"
    yield f'<p class="dim">{moment} · {escape(payload.server)} · {payload.rows} orders · {payload.rate:.0f} requests a second</p>'
    yield f'<div class="verdict" id="verdict"><strong>{escape(verdict(payload))}.</strong></div>'
    yield '<div class="sides">'
    for each in payload.flights:
        tone = "bad" if each.failed or each.exit_code else "good"
        yield f"<div><h2>{NAMES[each.strategy]}</h2><p class='big {tone}'>{each.failed} failed</p>"
        yield f"<p>worst wait {length_of_time(each.migrating_worst_ms / 1000)}, the machine's own {length_of_time(each.calm_worst_ms / 1000)}</p></div>"
    yield "</div>"


def _charts(payload: DemoPayload) -> Iterator[str]:
    yield "<h2>What the application felt</h2><p class='dim'>Each point is the longest wait of the requests that were due in a tenth of a second, counted from when they were due. Red bars are failed requests. Both charts have the same axes; the waits' is logarithmic.</p>"
    top, end = 10 ** ceil(log10(highest_ms(payload.flights))), longest_s(payload.flights)
    for each in payload.flights:
        yield f"<figure><figcaption>{NAMES[each.strategy]}</figcaption>"
        yield from _chart(each, _Axes(top, end))
        yield "</figure>"


class _Axes:
    """Where a moment and a wait lie in the picture."""

    def __init__(self, top_ms: float, end_s: float) -> None:
        self.top_ms, self.end_s = top_ms, end_s

    def x(self, at_s: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT) * min(1.0, at_s / self.end_s), 1)

    def y(self, wait_ms: float) -> float:
        part = log10(max(1.0, wait_ms)) / log10(self.top_ms)
        return round(_HEIGHT - _FOOT - (_HEIGHT - _FOOT - _TOP) * min(1.0, part), 1)


def _chart(flight: Flight, axes: _Axes) -> Iterator[str]:
    name = NAMES[flight.strategy]
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="longest waits while migrating {name}: {flight.failed} requests failed, the worst waited {flight.migrating_worst_ms:.0f} ms">'
    for mark in flight.marks:
        if mark.name in _DOING:
            left, right = axes.x(mark.began_s), axes.x(mark.ended_s)
            yield f'<rect class="busy" x="{left}" y="{_TOP}" width="{round(max(1, right - left), 1)}" height="{_HEIGHT - _FOOT - _TOP}"/>'
            yield f'<text x="{left + 2}" y="{_TOP - 8}">{escape(mark.name)}</text>'
    yield from _grid(axes)
    yield from _felt(flight.slices, axes)
    floor = _HEIGHT - _FOOT + 4
    for mark in flight.marks:
        if mark.name not in _DOING:
            left = axes.x(mark.began_s)
            width = round(max(3.0, axes.x(mark.ended_s) - left), 1)
            yield f'<rect class="lane" x="{left}" y="{floor}" width="{width}" height="13"><title>migration {escape(mark.name)}: {length_of_time(mark.ended_s - mark.began_s)}</title></rect>'
            if width > 20:
                yield f'<text x="{left + 3}" y="{floor + 10}">V{escape(mark.name)}</text>'
    yield "</svg>"


def _grid(axes: _Axes) -> Iterator[str]:
    wait = 1
    while wait <= axes.top_ms:
        y = axes.y(wait)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}"/><text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{length_of_time(wait / 1000)}</text>'
        wait *= 10
    step = next((each for each in (1, 2, 5, 10, 20, 60) if axes.end_s / each <= 16), 120)
    for at in range(0, int(axes.end_s) + 1, step):
        anchor = "end" if axes.x(at) > _WIDTH - 30 else "middle"
        yield f'<text x="{axes.x(at)}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{at} s</text>'


def _felt(slices: tuple[Slice, ...], axes: _Axes) -> Iterator[str]:
    if not slices:
        return
    floor = axes.y(1)
    points = " ".join(f"{axes.x(each.at_s)},{axes.y(each.worst_ms)}" for each in slices)
    yield f'<polygon class="felt" points="{axes.x(slices[0].at_s)},{floor} {points} {axes.x(slices[-1].at_s)},{floor}"/>'
    for each in slices:
        if each.failed:
            height = round((floor - _TOP) * each.failed / each.requests, 1)
            yield f'<rect class="lost" x="{axes.x(each.at_s)}" y="{round(floor - height, 1)}" width="2" height="{height}"><title>{each.failed} of {each.requests} requests failed</title></rect>'


def _figures(payload: DemoPayload) -> Iterator[str]:
    names = "".join(f"<th>{NAMES[each.strategy]}</th>" for each in payload.flights)
    yield f'<h2>Figures</h2><div class="scroll"><table id="figures"><thead><tr><th></th>{names}</tr></thead><tbody>'
    for rows in zip(*(figures(each) for each in payload.flights), strict=True):
        values = "".join(f"<td>{escape(value)}</td>" for _, value in rows)
        yield f"<tr><td>{escape(rows[0][0])}</td>{values}</tr>"
    yield "</tbody></table></div>"
    if any(each.refusals for each in payload.flights):
        yield '<h2>Why requests failed</h2><div class="scroll"><table id="refusals"><thead><tr><th>strategy</th><th>times</th><th>the server said</th></tr></thead><tbody>'
        for flight in payload.flights:
            for each in flight.refusals:
                yield f"<tr><td>{NAMES[flight.strategy]}</td><td>{each.times}</td><td><code>{escape(each.reason)}</code></td></tr>"
        yield "</tbody></table></div>"


def _rest(payload: DemoPayload) -> Iterator[str]:
    yield "<h2>Migrations</h2><ul>"
    yield from (f"<li>V{escape(revision)} {escape(text)}</li>" for revision, text in payload.migrations)
    yield "</ul><p>The old version of the application runs until the deployment, the new one from then on; half of each in between. "
    yield "Online, <code>midair apply</code> is followed by the deployment and then by <code>midair contract</code>, which takes away what only the old version used.</p>"

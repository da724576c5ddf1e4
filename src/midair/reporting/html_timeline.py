"""The timeline of a rehearsal's page: a row a statement, a bar as long as it ran, a paler one until its locks were let go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from midair.model.effects import LockLevel
from midair.reporting.rehearsal import LockLine, RehearsalPayload, RehearsedMigration, StepLine
from midair.reporting.style import length_of_time

_BY_NAME = {str(level): level for level in LockLevel}
_TICKS = 4
_WAITING = {
    "reads and writes": "reads and writes wait",
    "writes": "writes wait, reads go on",
    "nobody": "nobody waits",
}


@dataclass(frozen=True, slots=True)
class _Lane:
    """One step on an axis that leaves out the time between statements, in seconds from the first one's start."""

    step: StepLine
    began_s: float
    ended_s: float
    released_s: float
    under: LockLine | None
    """The strongest lock that an earlier statement of its transaction took."""


def level_of(lock: LockLine) -> LockLevel:
    """The lock's level as a value that can be compared."""
    return _BY_NAME[lock.level]


def tone(level: LockLevel) -> str:
    """The style's class for who waits for such a lock."""
    return {"reads and writes": "all", "writes": "writes", "nobody": "none"}[level.blocked]


def timeline(payload: RehearsalPayload) -> Iterator[str]:
    """The whole section; nothing where nothing was traced."""
    if not payload.steps:
        return
    lanes = list(_lanes(payload.steps))
    whole = max(each.released_s for each in lanes) or 1.0
    yield '<section><h2>What each statement locked, and for how long</h2><p class="dim">'
    yield "A bar is as long as its statement ran, and goes on paler while its locks were held, until its transaction ended. "
    yield "The time axis has the statements only; the pauses in which midair looked around are left out.</p>"
    legend = "".join(f'<span><i class="{css}"></i>{text}</span>' for css, text in _legend())
    yield f'<p class="legend">{legend}</p>'
    yield '<div class="scroll"><table id="timeline"><thead><tr><th>statement</th>'
    yield f'<th class="axis"><div class="ticks">{_ticks(whole)}</div></th><th class="num">ran for</th>'
    yield f"{_target_head(payload)}</tr></thead><tbody>"
    by_revision = {each.revision: each for each in payload.migrations}
    columns = 4 if _has_target(payload) else 3
    for revision, those in groupby(lanes, key=lambda each: each.step.revision):
        yield _heading(by_revision.get(revision or ""), revision, columns)
        yield from (_row(each, whole, _has_target(payload)) for each in those)
    yield "</tbody></table></div></section>"


def _legend() -> Iterator[tuple[str, str]]:
    for level in (LockLevel.ACCESS_EXCLUSIVE, LockLevel.SHARE, LockLevel.SHARE_UPDATE_EXCLUSIVE):
        yield tone(level), _WAITING[level.blocked]


def _lanes(steps: Sequence[StepLine]) -> Iterator[_Lane]:
    clock = 0.0
    for _, those in groupby(steps, key=lambda each: each.transaction):
        transaction = list(those)
        released = clock + sum(each.took_s for each in transaction)
        under: LockLine | None = None
        for each in transaction:
            ended = clock + each.took_s
            yield _Lane(each, clock, ended, released if each.locks else ended, under)
            under = _stronger(under, each.locks[0] if each.locks else None)
            clock = ended


def _stronger(first: LockLine | None, second: LockLine | None) -> LockLine | None:
    if first is None or second is None:
        return first or second
    return max(first, second, key=level_of)


def _ticks(whole: float) -> str:
    marks = (
        f'<span style="left:{part * 100 / _TICKS:.0f}%">{length_of_time(whole * part / _TICKS) if part else "0"}</span>'
        for part in range(_TICKS + 1)
    )
    return "".join(marks)


def _has_target(payload: RehearsalPayload) -> bool:
    return any(each.sizes for each in payload.steps)


def _target_head(payload: RehearsalPayload) -> str:
    return '<th class="num">on the target</th>' if _has_target(payload) else ""


def _heading(migration: RehearsedMigration | None, revision: str | None, columns: int) -> str:
    said = f" {escape(migration.description)}" if migration and migration.description else ""
    return f'<tr class="group"><th colspan="{columns}"><code>{escape(revision or "set-up")}</code>{said}</th></tr>'


def _row(lane: _Lane, whole: float, target: bool) -> str:
    step = lane.step
    surprises = "".join(f"<div class='warn'>⚠ {escape(each)}</div>" for each in step.surprises)
    held = "" if not target else f"<td class='num'>{_on_target(step)}</td>"
    return (
        f"<tr><td><code>{escape(step.title)}</code><div class='lane'>{escape(step.place)}{_made(step)}</div>{surprises}</td>"
        f"<td class='axis'>{_bars(lane, whole)}<div class='lane'>{_said(lane)}</div></td>"
        f"<td class='num'>{_length(step.took_s)}</td>{held}</tr>"
    )


def _bars(lane: _Lane, whole: float) -> str:
    lock = _stronger(lane.under, lane.step.locks[0] if lane.step.locks else None)
    kind, parts = tone(level_of(lock)) if lock else "free", list[str]()
    if lane.released_s > lane.ended_s:
        parts.append(_bar(f"held {kind}", lane.began_s, lane.released_s, whole))
    parts.append(_bar(kind, lane.began_s, lane.ended_s, whole))
    return f"<div class='bars'>{''.join(parts)}</div>"


def _bar(css: str, began: float, ended: float, whole: float) -> str:
    left, width = began / whole * 100, (ended - began) / whole * 100
    return f"<i class='{css}' style='left:{min(left, 99.2):.2f}%;width:{max(width, 0.8):.2f}%'></i>"


def _said(lane: _Lane) -> str:
    """The lock in words, what was predicted where that is something else, and the work done under it."""
    step, under = lane.step, lane.under
    first = step.locks[0] if step.locks else None
    words = [f"<b>{first.level}</b> on {escape(first.relation)}"] if first else list[str]()
    words += [f"and on {len(step.locks) - 1} more"] if len(step.locks) > 1 else []
    if under is not None and not (
        first and first.relation == under.relation and level_of(first) >= level_of(under)
    ):
        words.append(
            f"{'' if first else 'no other lock, '}still under {under.level} on {escape(under.relation)}"
        )
    elif first is None:
        words.append("no lock that could be felt")
    predicted = step.predicted[0].level if step.predicted else None
    if step.surprises:
        words.append(f"predicted: {predicted or 'no lock'}")
    words += [f"rewrites {escape(name)}" for name in step.rewrites]
    words += [f"builds the indexes of {escape(name)} again" for name in step.rebuilds]
    words += [f"reads all of {escape(name)}" for name in step.scans or ()]
    words += ["seen from beside"] if step.sampled else []
    return " · ".join(words)


def _on_target(step: StepLine) -> str:
    if step.held_s:
        return f"≈ {_length(step.held_s)}"
    return "brief" if step.locks else ""


def _length(seconds: float) -> str:
    return length_of_time(seconds) if seconds >= 0.001 else "&lt; 1 ms"


def _made(step: StepLine) -> str:
    return f" · {escape(step.phase)}, {escape(step.rewrite)}" if step.rewrite else ""

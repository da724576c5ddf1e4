"""The rehearsal's page: verdict, migrations, findings, a timeline of locks, locks per table, proofs, estimates."""

from collections import defaultdict
from collections.abc import Iterator
from html import escape

from midair.model.effects import LockLevel
from midair.model.finding import Finding
from midair.model.trace import Proof
from midair.reporting.rehearsal import LockLine, RehearsalPayload, StepLine
from midair.reporting.report import Report
from midair.reporting.style import length_of_time

_LETTERS = {
    LockLevel.ACCESS_EXCLUSIVE: "AX", LockLevel.EXCLUSIVE: "X", LockLevel.SHARE_ROW_EXCLUSIVE: "SRX", LockLevel.SHARE: "S",
    LockLevel.SHARE_UPDATE_EXCLUSIVE: "SUX", LockLevel.ROW_EXCLUSIVE: "RX", LockLevel.ROW_SHARE: "RS", LockLevel.ACCESS_SHARE: "AS",
    LockLevel.NONE: "none",
}  # fmt: skip
_MEANING = {
    "AX": "ACCESS EXCLUSIVE: reads and writes wait", "X": "EXCLUSIVE: writes wait", "SRX": "SHARE ROW EXCLUSIVE: writes wait",
    "S": "SHARE: writes wait", "SUX": "SHARE UPDATE EXCLUSIVE: nobody waits", "RX": "ROW EXCLUSIVE: nobody waits",
}  # fmt: skip
_BY_NAME = {str(level): level for level in LockLevel}


def rehearsal_body(payload: RehearsalPayload, report: Report) -> str:
    """The whole page inside `main`."""
    return "".join(
        (
            *_head(payload, report),
            *_migrations(payload),
            *_findings(payload),
            *_timeline(payload),
            *_locks_per_table(payload),
            *_proofs(payload),
            *_estimates(payload),
            *_foot(payload),
        )
    )


def _head(payload: RehearsalPayload, report: Report) -> Iterator[str]:
    no = "" if payload.passed else " no"
    yield f"<h1>Rehearsal of {len(payload.migrations)} {escape(payload.tool)} migration{'s' if len(payload.migrations) != 1 else ''}</h1>"
    where = f"{escape(payload.server)}, from {escape(payload.start)}"
    moment = report.started_at.isoformat(sep=" ", timespec="seconds")
    environment = f", environment {escape(report.environment)}" if report.environment else ""
    yield f'<p class="dim">{moment}{environment} · {where} · plan {escape(payload.plan)}, {escape(payload.strategy)} · {length_of_time(payload.took_s)}</p>'
    word = "Passed" if payload.passed else "Not passed"
    yield f'<div class="verdict{no}" id="verdict"><strong>{word}: {escape(payload.verdict)}.</strong>'
    yield "<p>Every migration ran on a throwaway PostgreSQL server, never on the real database: up, a second time, down and up again, "
    yield "with rows in the tables where there were tables. What is below was seen there.</p></div>"


def _migrations(payload: RehearsalPayload) -> Iterator[str]:
    by_revision: defaultdict[str | None, list[Proof]] = defaultdict(list)
    for each in payload.proofs:
        by_revision[each.revision].append(each)
    yield '<h2>Migrations</h2><div class="scroll"><table id="migrations"><thead><tr><th>revision</th><th>what</th><th>risk</th><th>tried by itself</th></tr></thead><tbody>'
    for each in payload.migrations:
        tried = (
            ", ".join(_proof(proof) for proof in by_revision.get(each.revision, [])) or "only with the others"
        )
        yield f"<tr><td><code>{escape(each.revision)}</code></td><td>{escape(each.description)}</td><td class='risk'>{each.risk}</td><td>{tried}</td></tr>"
    yield "</tbody></table></div>"


def _findings(payload: RehearsalPayload) -> Iterator[str]:
    if payload.findings:
        yield '<h2>Findings</h2><div id="findings">'
        yield from (_finding(each) for each in payload.findings)
        yield "</div>"


def _finding(each: Finding) -> str:
    tone = {"high": "bad", "medium": "warn"}.get(each.risk, "dim")
    return (
        f"<article><h3><span class='{tone}'>{each.risk}</span> {each.code} {escape(each.name)}</h3>"
        f"<p class='dim'><code>{escape(str(each.span))}</code></p><p>{escape(each.message)}</p><p>Instead: {escape(each.remedy.text)}.</p></article>"
    )


def _timeline(payload: RehearsalPayload) -> Iterator[str]:
    if not payload.steps:
        return
    yield "<h2>Timeline of locks</h2>"
    yield "<p class='dim'>Each row is one statement, in order. The upper bar is the strongest lock that was seen, as long as the statement ran; the lower one what was predicted from its text.</p>"
    legend = "".join(
        f'<span class="l{_level_of(letter)}">{letter} {text.partition(": ")[2]}</span>'
        for letter, text in _MEANING.items()
    )
    yield f'<p class="legend">{legend}</p>'
    yield '<div class="scroll"><table id="timeline"><thead><tr><th>statement</th><th>seen / predicted</th><th>took</th><th>rewrites, scans</th></tr></thead><tbody>'
    end = max(each.began_s + each.took_s for each in payload.steps) or 1.0
    yield from (_row(each, end) for each in payload.steps)
    yield "</tbody></table></div>"


def _row(step: StepLine, end: float) -> str:
    left = min(step.began_s / end * 100, 88)
    width = max(step.took_s / end * 100, 0.5)
    work = [f"rewrites {name}" for name in step.rewrites] + [
        f"builds the indexes of {name} again" for name in step.rebuilds
    ]
    work += [f"scans {name}" for name in step.scans or ()]
    said = _bar("said", step.predicted[:1], left, width) if step.predicted is not None else ""
    surprises = "".join(f"<br><strong class='warn'>{escape(each)}</strong>" for each in step.surprises)
    return (
        f"<tr><td><code>{escape(step.title)}</code><br><span class='lane'>{escape(step.place)}{_made(step)}</span></td>"
        f"<td><div class='bars'>{_bar('seen', step.locks[:1], left, width)}{said}</div></td>"
        f"<td>{length_of_time(step.took_s)}</td><td>{escape('; '.join(work)) or '–'}{surprises}</td></tr>"
    )


def _made(step: StepLine) -> str:
    return f" · {escape(step.phase)}, {escape(step.rewrite)}" if step.rewrite else ""


def _bar(kind: str, locks: tuple[LockLine, ...], left: float, width: float) -> str:
    level = _BY_NAME[locks[0].level] if locks else LockLevel.NONE
    on = f" {locks[0].relation}" if locks else ""
    return (
        f"<div class='bar {kind} l{int(level)}' style='left:{left:.1f}%;width:{width:.1f}%' "
        f"title='{escape(f'{level}{on}', quote=True)}'>{_LETTERS[level]}</div>"
    )


def _locks_per_table(payload: RehearsalPayload) -> Iterator[str]:
    strongest: dict[str, tuple[LockLevel, StepLine]] = {}
    for step in payload.steps:
        for lock in step.locks:
            level = _BY_NAME[lock.level]
            if lock.relation not in strongest or level > strongest[lock.relation][0]:
                strongest[lock.relation] = (level, step)
    if not strongest:
        return
    yield '<h2>Strongest lock per table</h2><div class="scroll"><table id="locks"><thead><tr><th>table or index</th><th>lock</th><th>who waits</th><th>statement</th></tr></thead><tbody>'
    for relation, (level, step) in sorted(strongest.items(), key=lambda each: (-each[1][0], each[0])):
        yield f"<tr><td><code>{escape(relation)}</code></td><td>{level}</td><td>{level.blocked}</td><td><code>{escape(step.title)}</code></td></tr>"
    yield "</tbody></table></div>"


def _proofs(payload: RehearsalPayload) -> Iterator[str]:
    yield '<h2>Proofs</h2><div class="scroll"><table id="proofs"><thead><tr><th>what</th><th>of</th><th>outcome</th><th></th></tr></thead><tbody>'
    for each in payload.proofs:
        yield f"<tr><td>{escape(each.name)}</td><td>{escape(each.revision or 'all together')}</td><td>{_outcome(each)}</td><td>{escape(each.detail)}</td></tr>"
    yield "</tbody></table></div>"


def _estimates(payload: RehearsalPayload) -> Iterator[str]:
    told = [each for each in payload.steps if each.held_s]
    if not told:
        return
    yield '<h2>On the target</h2><p class="dim">Estimated from the sizes its server reports.</p><div class="scroll"><table id="estimates"><thead><tr><th>statement</th><th>table</th><th>rows</th><th>bytes</th><th>holds its lock for about</th></tr></thead><tbody>'
    for each in told:
        for size in each.sizes:
            yield f"<tr><td><code>{escape(each.title)}</code></td><td>{escape(size.table)}</td><td>{size.rows or '?'}</td><td>{size.bytes}</td><td>{length_of_time(each.held_s or 0)}</td></tr>"
    yield "</tbody></table></div>"


def _foot(payload: RehearsalPayload) -> Iterator[str]:
    agreed, told = payload.agreement
    yield f"<h2>Also</h2><ul><li>Prediction and trace agree on {agreed} of {told} statements.</li>"
    if payload.filled:
        yield f"<li>Rows were put into {escape(', '.join(f'{table} ({rows})' for table, rows in payload.filled))}.</li>"
    yield from (f"<li>{escape(note)}</li>" for note in payload.notes)
    yield "</ul>"


def _proof(proof: Proof) -> str:
    return f"{escape(proof.name)} {_outcome(proof)}"


def _outcome(proof: Proof) -> str:
    if proof.passed is None:
        return "<span class='dim'>not tried</span>"
    return "<span class='good'>✓</span>" if proof.passed else "<strong class='bad'>✗ failed</strong>"


def _level_of(letter: str) -> int:
    return int(next(level for level, each in _LETTERS.items() if each == letter))

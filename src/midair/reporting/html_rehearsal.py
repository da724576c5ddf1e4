"""The rehearsal's page: verdict, findings, what was proven of each migration, a timeline of locks, locks per table."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from midair.model.finding import Finding
from midair.model.trace import Proof
from midair.reporting.html_timeline import level_of, timeline, tone
from midair.reporting.rehearsal import RehearsalPayload, StepLine
from midair.reporting.report import Report
from midair.reporting.style import bytes_of, count, length_of_time

if TYPE_CHECKING:
    from midair.model.effects import LockLevel

_TOOLS = {"golang_migrate": "golang-migrate"}


def rehearsal_body(payload: RehearsalPayload, report: Report) -> str:
    """The whole page inside `main`."""
    return "".join(
        (
            *_head(payload, report),
            *_key_facts(payload),
            *_findings(payload),
            *_migrations(payload),
            *timeline(payload),
            *_locks_per_table(payload),
            *_estimates(payload),
            *_proofs(payload),
            *_notes(payload),
            *_explained(payload),
        )
    )


def _head(payload: RehearsalPayload, report: Report) -> Iterator[str]:
    no = "" if payload.passed else " no"
    environment = f" for {escape(report.environment)}" if report.environment else ""
    yield f"<h1>Rehearsal of {count(len(payload.migrations), 'migration')}{environment}</h1>"
    moment = report.started_at.strftime("%-d %B %Y, %H:%M %Z")
    tool = _TOOLS.get(payload.tool, payload.tool)
    yield f'<p class="dim">{escape(tool)} · {moment} · {escape(payload.server)}, from {escape(payload.start)} · plan <code>{escape(payload.plan)}</code></p>'
    word = "Passed" if payload.passed else "Not passed"
    yield f'<div class="verdict{no}" id="verdict"><strong>{word}</strong><p>{escape(_capital(payload.verdict))}. '
    yield "Tried on a throwaway copy that no longer exists; the real database was only read.</p></div>"


def _key_facts(payload: RehearsalPayload) -> Iterator[str]:
    facts = tuple(_facts(payload))
    yield '<dl class="facts" id="facts">'
    yield from (
        f"<div><dt>{name}</dt><dd>{value}</dd><dd class='dim'>{more}</dd></div>"
        for name, value, more in facts
    )
    yield "</dl>"


def _facts(payload: RehearsalPayload) -> Iterator[tuple[str, str, str]]:
    """What somebody asks first: who waits and how long, whether there is a way back, whether rows are kept."""
    locked = [each for each in payload.steps if each.locks and level_of(each.locks[0]).blocks_writes]
    if locked:
        worst = max(locked, key=lambda each: (each.held_s or 0, level_of(each.locks[0]), each.took_s))
        first = worst.locks[0]
        long = f"about {length_of_time(worst.held_s)}" if worst.held_s else "brief"
        yield (
            "Strongest wait",
            f"{first.blocks}, {long}",
            f"{first.level} on <code>{escape(first.relation)}</code>",
        )
    elif payload.steps:
        yield "Strongest wait", "nobody waits", "no lock that stops reads or writes"
    by_name = _by_name(payload.proofs)
    for title, names in (
        ("Way back", ("down", "up again")),
        ("Rows kept", ("data kept",)),
        ("Online, as apply does it", ("online: expand", "online: same as written")),
    ):
        tried = [each for name in names for each in by_name.get(name, ()) if each.revision is not None]
        if tried:
            yield title, *_share(tried)
    agreed, told = payload.agreement
    if told:
        yield (
            "Prediction and trace",
            f"{agreed} of {told} agree",
            "what check says, beside what the server did",
        )


def _share(tried: Sequence[Proof]) -> tuple[str, str]:
    revisions = {each.revision for each in tried}
    bad = {each.revision for each in tried if each.passed is False}
    untried = {each.revision for each in tried if each.passed is None} - bad
    good = len(revisions) - len(bad) - len(untried)
    value = f"{good} of {len(revisions)} proven" if bad or untried else "proven"
    named = ", ".join(sorted(str(each) for each in bad or untried)[:4])
    word = "not for" if bad else "could not be tried for"
    return value, f"{word} <code>{escape(named)}</code>" if named else count(len(revisions), "migration")


def _by_name(proofs: Sequence[Proof]) -> Mapping[str, Sequence[Proof]]:
    found: defaultdict[str, list[Proof]] = defaultdict(list)
    for each in proofs:
        found[each.name].append(each)
    return found


def _findings(payload: RehearsalPayload) -> Iterator[str]:
    if payload.findings:
        yield f'<section><h2>{count(len(payload.findings), "finding")}</h2><div id="findings">'
        yield from (_finding(each) for each in sorted(payload.findings, key=lambda each: -each.risk.rank))
        yield "</div></section>"


def _finding(each: Finding) -> str:
    return (
        f"<article class='{each.risk}'><h3><span class='tag'>{each.risk}</span> {escape(each.name)} <small>{each.code}</small></h3>"
        f"<p>{escape(_capital(each.message))}</p><p><b>Instead:</b> {escape(each.remedy.text)}.</p>"
        f"<p class='lane'><code>{escape(str(each.span))}</code> · more: <code>midair explain {each.code}</code></p></article>"
    )


def _migrations(payload: RehearsalPayload) -> Iterator[str]:
    own = [each for each in payload.proofs if each.revision is not None]
    names = _columns(own)
    passed = {(str(each.revision), each.name): each for each in own}
    yield '<section><h2>What was proven</h2><div class="scroll"><table id="migrations"><thead><tr><th>migration</th><th>risk</th>'
    yield "".join(f"<th class='mark'>{escape(name)}</th>" for name in names)
    yield "</tr></thead><tbody>"
    for each in payload.migrations:
        marks = "".join(f"<td class='mark'>{_mark(passed.get((each.revision, name)))}</td>" for name in names)
        said = f" {escape(each.description)}" if each.description else ""
        yield f"<tr><td><code>{escape(each.revision)}</code>{said}</td><td><span class='tag {each.risk}'>{each.risk}</span></td>{marks}</tr>"
    together = {each.name: each for each in payload.proofs if each.revision is None}
    if together:
        marks = "".join(f"<td class='mark'>{_mark(together.get(name))}</td>" for name in names)
        yield f"<tr class='group'><td>all together</td><td></td>{marks}</tr>"
    yield "</tbody></table></div></section>"


def _columns(own: Sequence[Proof]) -> list[str]:
    """The names of the proofs in the order in which they were tried, as the migration with the most of them tells it."""
    by_revision: defaultdict[str | None, list[str]] = defaultdict(list)
    for each in own:
        by_revision[each.revision].append(each.name)
    return list(
        dict.fromkeys(name for names in sorted(by_revision.values(), key=len, reverse=True) for name in names)
    )


def _mark(proof: Proof | None) -> str:
    if proof is None:
        return "<span class='dim'>·</span>"
    if proof.passed is None:
        return "<span class='dim'>none</span>"
    return "<span class='good'>✓</span>" if proof.passed else "<strong class='bad'>✗</strong>"


def _locks_per_table(payload: RehearsalPayload) -> Iterator[str]:
    strongest: dict[str, tuple[LockLevel, StepLine]] = {}
    for step in payload.steps:
        for lock in step.locks:
            level = level_of(lock)
            if lock.relation not in strongest or level > strongest[lock.relation][0]:
                strongest[lock.relation] = (level, step)
    if not strongest:
        return
    yield '<section><h2>Strongest lock on each table</h2><div class="scroll"><table id="locks"><thead><tr><th>table or index</th><th>lock</th><th>who waits</th><th>for</th></tr></thead><tbody>'
    for relation, (level, step) in sorted(strongest.items(), key=lambda each: (-each[1][0], each[0])):
        yield f"<tr><td><code>{escape(relation)}</code></td><td><i class='dot {tone(level)}'></i>{level}</td><td>{level.blocked}</td><td><code>{escape(step.title)}</code></td></tr>"
    yield "</tbody></table></div></section>"


def _estimates(payload: RehearsalPayload) -> Iterator[str]:
    told = [each for each in payload.steps if each.held_s]
    if not told:
        return
    yield '<section><h2>At the size of the target</h2><p class="dim">Estimated from the sizes its server reports and slow storage.</p>'
    yield '<div class="scroll"><table id="estimates"><thead><tr><th>statement</th><th>table</th><th class="num">rows</th><th class="num">size</th><th class="num">holds its lock for about</th></tr></thead><tbody>'
    for each in told:
        for size in each.sizes:
            rows = f"{size.rows:,}".replace(",", " ") if size.rows is not None else "?"
            yield f"<tr><td><code>{escape(each.title)}</code></td><td><code>{escape(size.table)}</code></td><td class='num'>{rows}</td><td class='num'>{bytes_of(size.bytes or 0)}</td><td class='num'>{length_of_time(each.held_s or 0)}</td></tr>"
    yield "</tbody></table></div></section>"


def _proofs(payload: RehearsalPayload) -> Iterator[str]:
    """Those that say more than a mark does; the times of the others can be unfolded."""
    telling = [each for each in payload.proofs if each.detail]
    if telling:
        yield '<section><h2>Where a proof did not go through</h2><ul class="plain">'
        for each in telling:
            yield f"<li><code>{escape(each.revision or 'all together')}</code> {escape(each.name)}: {_mark(each)} <span class='dim'>{escape(each.detail)}</span></li>"
        yield "</ul></section>"
    yield f'<details><summary>All {len(payload.proofs)} proofs, with their times</summary><table id="proofs"><thead><tr><th>of</th><th>what</th><th>outcome</th><th class="num">took</th></tr></thead><tbody>'
    for each in payload.proofs:
        yield f"<tr><td><code>{escape(each.revision or 'all together')}</code></td><td>{escape(each.name)}</td><td>{_mark(each)}</td><td class='num'>{length_of_time(each.took_s)}</td></tr>"
    yield "</tbody></table></details>"


def _notes(payload: RehearsalPayload) -> Iterator[str]:
    notes = list(payload.notes)
    if payload.filled:
        put = ", ".join(f"{table} ({rows})" for table, rows in payload.filled)
        notes.insert(0, f"rows were in the tables before: {put}")
    if notes:
        items = "".join(f"<li>{escape(_capital(each))}</li>" for each in notes)
        yield f'<section><h2>Also good to know</h2><ul id="notes">{items}</ul></section>'


def _explained(payload: RehearsalPayload) -> Iterator[str]:
    """For a colleague who has never seen such a page."""
    yield '<section class="explained"><h2>How to read this page</h2><dl>'
    for term, meaning in _TERMS:
        if term != "online" or payload.strategy == "online":
            yield f"<dt>{term}</dt><dd>{meaning}</dd>"
    yield f"</dl><p class='dim'>Made by <code>midair rehearse</code> in {length_of_time(payload.took_s)}. Times are the throwaway server's; how long a lock is waited for under your load was not tried.</p></section>"


_TERMS = (
    ("up", "the migration ran, with rows in the tables that were there before"),
    ("data kept", "those rows and values are still there, unless a statement changes them in so many words"),
    ("down", "the downgrade ran, and the schema was what it had been before, object by object"),
    ("up again", "after the downgrade the same schema came about a second time"),
    ("second run", "applying once more found nothing to do and changed nothing"),
    (
        "online",
        "the steps that <code>midair apply</code> really runs, in their phases; schema and rows must end up the same as when the migration runs as written",
    ),
    (
        "lock",
        "what the server keeps others from doing with a table meanwhile: ACCESS EXCLUSIVE stops reads and writes, SHARE to EXCLUSIVE stop writes, the others nobody",
    ),
    (
        "risk",
        "low: goes on unnoticed; medium: needs care; high: blocks, loses data or breaks the application",
    ),
)


def _capital(text: str) -> str:
    """A sentence's first letter, unless it is a name or a path."""
    first = text.split(" ", 1)[0]
    return text if any(each in first for each in "./_\"'") else text[:1].upper() + text[1:]

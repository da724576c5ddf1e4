"""A migration plan as a document: its sections as blocks, which Markdown and HTML render alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.model.finding import Finding, Risk
from midair.reporting.report import CheckPayload, DocumentPayload, DocumentStep
from midair.reporting.style import bytes_of, count, length_of_time


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or several."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; with `boxes` one that a person ticks off."""

    texts: tuple[str, ...]
    boxes: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """SQL or Python as it is to be run."""

    text: str
    language: str = "sql"


Block = Paragraph | Items | Grid | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


def title_of(payload: DocumentPayload) -> str:
    """What the document is about, in one line."""
    where = f" on {payload.environment}" if payload.environment else ""
    return f"Migration plan{where}: {count(len(payload.migrations), 'migration')}"


def sections(payload: DocumentPayload) -> tuple[Section, ...]:
    """The document, from the goal to the checklist."""
    if not payload.migrations:
        return (
            Section("Goal", (Paragraph("Nothing to do: the database is where the plan would bring it."),)),
        )
    return (
        Section("Goal", tuple(_goal(payload))),
        Section("Changes", tuple(_changes(payload))),
        Section("Risk assessment", tuple(_risks(payload.check))),
        Section("Locks and estimates", tuple(_locks(payload))),
        Section("Rollback plan", tuple(_rollback(payload))),
        Section("Testing plan", tuple(_testing(payload))),
        Section("Deployment checklist", tuple(_checklist(payload))),
    )


def _goal(payload: DocumentPayload) -> Iterator[Block]:
    yield Paragraph(
        f"Bring {payload.database} from {payload.before or 'an empty history'} to {payload.migrations[-1].revision} "
        f"with {payload.tool}'s own migrations, by plan {payload.digest}, strategy {payload.strategy}."
    )
    yield Grid(
        ("revision", "what", "file"),
        tuple((each.revision, each.description, each.path) for each in payload.migrations),
    )


def _changes(payload: DocumentPayload) -> Iterator[Block]:
    yield Paragraph(f"{count(len(payload.steps), 'step')}, in this order:")
    for each in payload.steps:
        place = f" ({each.place})" if each.place else ""
        yield Paragraph(f"{each.number}. {each.title}{place}: {each.phase}, {each.transaction}")
        yield Code("\n".join(f"{sql.rstrip().rstrip(';')};" for sql in each.sql))


def _risks(check: CheckPayload) -> Iterator[Block]:
    yield Paragraph(f"Overall: {check.risk} risk.")
    yield Grid(
        ("migration", "risk", "findings"),
        tuple(
            (
                each.revision,
                each.unseen or str(each.risk),
                str(sum(found.counts and found.revision == each.revision for found in check.findings)),
            )
            for each in check.migrations
        ),
    )
    for each in _worst_first(check):
        yield Paragraph(
            f"{each.risk} {each.code} at {each.span}: {each.message}. Instead: {each.remedy.text}."
        )
        if each.remedy.lines:
            yield Code("\n".join(each.remedy.lines))
    allowed = [each for each in check.findings if not each.counts]
    if allowed:
        yield Paragraph("Allowed, with the reason given:")
        yield Items(tuple(f"{each.code} at {each.span}: {each.suppressed}" for each in allowed))


def _locks(payload: DocumentPayload) -> Iterator[Block]:
    rows = tuple(_lock_row(each) for each in payload.steps if each.locks or each.work)
    if not rows:
        yield Paragraph("No step makes anybody wait, and none reads or copies a table that is in use.")
        return
    yield Grid(("step", "lock", "who waits", "work", "about"), rows)
    yield Paragraph(payload.assumptions)


def _lock_row(step: DocumentStep) -> tuple[str, ...]:
    return (
        str(step.number),
        ", ".join(f"{lock.level} on {lock.table}" for lock in step.locks) or "none that others wait for",
        max((lock.blocks for lock in step.locks), key=len, default="nobody"),
        ", ".join(step.work) or "a change of the catalog",
        _about(step),
    )


def _about(step: DocumentStep) -> str:
    if not step.work:
        return "a moment"
    return "not known" if step.about_s is None else length_of_time(max(step.about_s, 0.001))


def _rollback(payload: DocumentPayload) -> Iterator[Block]:
    yield Paragraph("Newest first. `midair rollback` does it, under the same bounds for locks.")
    for each in payload.back:
        if not each.sql:
            yield Paragraph(f"{each.revision}: there is no way back; restore from the backup, or go forward.")
            continue
        lost = (
            f", and loses {', '.join(each.loses)}, with all that was written to it since"
            if each.loses
            else ""
        )
        yield Paragraph(f"{each.revision}: undone by {count(len(each.sql), 'statement')}{lost}.")
        yield Code("\n".join(f"{sql.rstrip().rstrip(';')};" for sql in each.sql))
    if payload.lost:
        yield Paragraph(
            f"The plan itself destroys {', '.join(payload.lost)}: no way back brings that again, only a backup does."
        )


def _testing(payload: DocumentPayload) -> Iterator[Block]:
    yield Items(
        (
            "`midair rehearse`: the same plan on a throwaway server, with locks traced, up, down and up again",
            "the application's own tests on the migrated schema, in the version that runs now and the one to come",
            *(f"{each.code} at {each.span}: {each.remedy.text}" for each in _worst_first(payload.check)),
        ),
        boxes=True,
    )
    yield Paragraph("After the run these two must give no rows:")
    yield Code(
        "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;\n"
        "SELECT conrelid::regclass, conname FROM pg_constraint WHERE NOT convalidated;"
    )


def _checklist(payload: DocumentPayload) -> Iterator[Block]:
    option = f" -e {payload.environment}" if payload.environment else ""
    yield Paragraph("Before")
    yield Items(
        (
            f"this plan is approved: digest {payload.digest} (`midair plan{option} -f json -o plan.json`)",
            *_before(payload),
            "nobody holds a transaction open for long: `SELECT pid, now() - xact_start, query FROM pg_stat_activity WHERE xact_start < now() - interval '1 min'`",
        ),
        boxes=True,
    )
    yield Paragraph("During")
    yield Items(
        (
            f"`midair apply{option} --plan plan.json`; Ctrl-C stops it at the next safe place, `midair resume` goes on",
            "somebody watches the application's errors and latency",
        ),
        boxes=True,
    )
    yield Paragraph("After")
    yield Items(
        (
            f"`midair status{option} --check` says that nothing is pending",
            "the two queries of the testing plan give no rows",
            "the application has been watched for an hour, or as long as its slowest job takes",
        ),
        boxes=True,
    )


def _before(payload: DocumentPayload) -> Iterator[str]:
    if payload.lost:
        yield f"a backup is made and its restore was tried: {', '.join(payload.lost)} will be gone"
    if payload.space:
        yield f"there is room on disk for {bytes_of(payload.space)} more"
    unclear = [each.revision for each in payload.check.migrations if each.not_seen]
    if unclear:
        yield f"a person has read {', '.join(unclear)}, which could not be looked at"
    for each in _worst_first(payload.check):
        if each.code.startswith(("MA2", "MA3")):
            yield f"{each.code}: {each.remedy.text}"


def _worst_first(check: CheckPayload) -> Sequence[Finding]:
    """What counts and is more than advice."""
    return sorted(
        (each for each in check.findings if each.counts and each.risk > Risk.LOW),
        key=lambda each: -each.risk.rank,
    )

"""A rehearsal for a pull request's comment: the verdict, the findings, what was proven, what was locked."""

from collections.abc import Iterator, Sequence

from midair.model.trace import Proof
from midair.reporting.rehearsal import RehearsalPayload, StepLine
from midair.reporting.style import count, length_of_time

_MOST_STEPS = 200


def rehearsal_markdown(payload: RehearsalPayload) -> Iterator[str]:
    """The page in short: what a reviewer wants to know is above the fold."""
    yield f"### {'✅' if payload.passed else '❌'} midair rehearse: {payload.verdict}"
    yield ""
    yield f"Tried on a throwaway {payload.server} that began as {payload.start}; the real database was only read."
    for each in sorted(payload.findings, key=lambda each: -each.risk.rank):
        yield ""
        yield f"**{each.risk}** `{each.code}` {each.name}, `{each.span}`: {_cell(each.message)}  "
        yield f"instead: {_cell(each.remedy.text)}"
    if payload.migrations:
        yield ""
        yield from _proven(payload)
    if payload.steps:
        yield ""
        yield from _locked(payload.steps)


def _proven(payload: RehearsalPayload) -> Iterator[str]:
    names = list(dict.fromkeys(each.name for each in payload.proofs))
    yield f"| migration | risk | {' | '.join(names)} |"
    yield f"| --- | --- |{' :-: |' * len(names)}"
    for each in payload.migrations:
        said = f"`{_cell(each.revision)}` {_cell(each.description)}"
        yield f"| {said} | {each.risk} | {_marks(payload.proofs, each.revision, names)} |"
    yield f"| all together | | {_marks(payload.proofs, None, names)} |"


def _marks(proofs: Sequence[Proof], revision: str | None, names: Sequence[str]) -> str:
    passed = {each.name: each.passed for each in proofs if each.revision == revision}
    words = {True: "✓", False: "✗", None: "none"}
    return " | ".join(words[passed[name]] if name in passed else "" for name in names)


def _locked(steps: Sequence[StepLine]) -> Iterator[str]:
    yield f"<details><summary>{count(len(steps), 'statement')} and what each locked</summary>"
    yield ""
    yield "| statement | strongest lock | who waits | on the target |"
    yield "| --- | --- | --- | ---: |"
    for each in steps[:_MOST_STEPS]:
        lock = (
            f"{each.locks[0].level} on `{_cell(each.locks[0].relation)}` | {each.locks[0].blocks}"
            if each.locks
            else "none | "
        )
        held = f"≈ {length_of_time(each.held_s)}" if each.held_s else ""
        yield f"| `{_cell(each.title)}` | {lock} | {held} |"
    if len(steps) > _MOST_STEPS:
        yield f"| … and {len(steps) - _MOST_STEPS} more | | | |"
    yield ""
    yield "</details>"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;").split())

"""Which findings midair takes care of by itself when it applies the migrations online."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from midair.analysis.context import Candidate
from midair.dialects.dialect import dialect_of
from midair.model.address import Product
from midair.model.finding import Finding
from midair.model.migration import Direction
from midair.model.plan import RunStatement, Segment, Step
from midair.model.schema import Schema
from midair.model.statement import Span
from midair.planning.lay_out import Item
from midair.planning.online import lay_out_online
from midair.rewriting.make_safe import rewrites
from midair.rewriting.scene import Scene

CUT = "own-transaction"
"""Not a rewrite of a statement: the plan gives it a transaction that no other statement shares."""
_ANSWERED_BY_CUTTING = frozenset(["MA503", "MA504"])
"""Rules about what one transaction holds together."""


@dataclass(slots=True)
class _Fate:
    """What becomes of one of the author's statements."""

    rewrites: set[str] = field(default_factory=set[str])
    alone: bool = True


def with_recipes(
    findings: Sequence[Finding], candidates: Sequence[Candidate], schema: Schema, version: int | None
) -> tuple[Finding, ...]:
    """The findings, each with the rewrite that answers it.

    On a known schema the plan itself is laid out and looked at; where the schema is not known,
    a rule that some rewrite answers counts as answered, for `apply` will know the schema.
    """
    answers: dict[str, list[str]] = {}
    for each in rewrites():
        for code in sorted(each.answers):
            answers.setdefault(code, []).append(each.name)
    if version is None or not schema.complete:
        return tuple(
            replace(each, recipe=" or ".join(answers[each.code])) if each.code in answers else each
            for each in findings
        )
    fates = _fates(candidates, schema, version)
    return tuple(_with_recipe(each, fates, answers) for each in findings)


def _with_recipe(
    finding: Finding, fates: Mapping[tuple[Span, str | None], _Fate], answers: Mapping[str, list[str]]
) -> Finding:
    fate = fates.get((finding.span, finding.sql)) or fates.get((finding.span, None))
    if fate is None:
        return finding
    used = [each for each in answers.get(finding.code, ()) if each in fate.rewrites]
    if not used and finding.code in _ANSWERED_BY_CUTTING and fate.alone:
        used = [CUT]
    return replace(finding, recipe=used[0]) if used else finding


def _fates(
    candidates: Sequence[Candidate], schema: Schema, version: int
) -> Mapping[tuple[Span, str | None], _Fate]:
    pending = [each for each in candidates if each.pending and not each.script.live]
    plan = lay_out_online(
        "check",
        Direction.UP,
        [Item(each.migration, each.script, ()) for each in pending],
        dialect_of(Product.POSTGRESQL),
        Scene(schema, version),
    )
    written = {(each.span, each.sql) for one in pending for each in one.script.statements}
    fates: dict[tuple[Span, str | None], _Fate] = {}
    for segment in plan.segments:
        for step in segment.steps:
            origin = _origin(step)
            if origin is None:
                continue
            # What is not written so stands in a block that was taken apart.
            fate = fates.setdefault(origin if origin in written else (origin[0], None), _Fate())
            if step.rewrite is not None:
                fate.rewrites.add(step.rewrite)
            fate.alone = fate.alone and _stands_alone(segment, origin)
    return fates


def _stands_alone(segment: Segment, key: tuple[Span, str] | None) -> bool:
    return not segment.atomic or all(_origin(step) in (None, key) for step in segment.steps)


def _origin(step: Step) -> tuple[Span, str] | None:
    """The author's statement a step comes from; `None` for the tool's own rows."""
    if step.origin is not None:
        return step.origin.span, step.origin.sql
    if isinstance(step.action, RunStatement):
        return step.action.statement.span, step.action.statement.sql
    return None

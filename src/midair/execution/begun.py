"""What keeps a run from beginning: a migration half done by an earlier one that this plan would not finish."""

from collections.abc import Iterable

from midair.errors import HistoryDiverged, OutcomeUnknown
from midair.journal import OpenStep
from midair.model.migration import RevisionId
from midair.model.plan import LIVE, Plan, takes_back


def in_parts(plan: Plan) -> frozenset[RevisionId]:
    """Migrations of several segments, or of one that is no transaction."""
    seen: dict[RevisionId, int] = {}
    for number, segment in enumerate(plan.segments):
        for revision in {step.revision for step in segment.steps if step.revision is not None}:
            whole = segment.atomic and seen.setdefault(revision, number) == number
            seen[revision] = number if whole else -1
    return frozenset(revision for revision, number in seen.items() if number < 0)


def refuse_strangers(plan: Plan, open_steps: Iterable[OpenStep]) -> None:
    """A half-applied migration must be finished from the very text it was begun with."""
    known = {step.id for step in plan.steps}
    planned = set(plan.revisions)
    open_steps = tuple(open_steps)
    undone = [each for each in open_steps if takes_back(each.id) and each.revision in planned]
    if undone:
        raise HistoryDiverged(
            f"{undone[0].revision} is half applied, and half taken back again",
            state="nothing was changed now; the steps that were taken back are gone",
            hint=f"midair repair {undone[0].revision} --undo takes back the rest; then midair apply begins anew",
        )
    strangers = [
        each
        for each in open_steps
        if each.revision in planned
        and each.id not in known
        and each.direction == plan.direction
        and f":{LIVE}:" not in each.id
    ]
    if strangers:
        first = strangers[0]
        raise HistoryDiverged(
            f"{first.revision} is half applied, and its file was edited since: {first.title!r} ran and is no longer in it",
            state="nothing was changed now; the steps that ran are still in place",
            hint=f"restore the file and run `midair resume`, or finish by hand and say `midair repair {first.revision} --done`",
        )


def refuse_unknown_turns(plan: Plan, open_steps: Iterable[OpenStep]) -> None:
    """A migration that was cut off in its own program may be planned as statements now: some of them may be in.

    Only where it is no transaction: else nothing of it is left.
    """
    known, parts = {step.id for step in plan.steps}, in_parts(plan)
    for each in open_steps:
        if each.running and f":{LIVE}:" in each.id and each.id not in known and each.revision in parts:
            raise OutcomeUnknown(
                f"{each.revision} was cut off or refused in the middle, and nothing can tell how far it came",
                state=f"everything before it is done; {each.revision} is not recorded",
                hint=f"look, then say `midair repair {each.revision} --done` or `--not-done`",
            )

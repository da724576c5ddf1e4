"""Everything a migration plan document says: the steps, what they cost here, what is risky, the way back."""

from dataclasses import dataclass, replace

from midair.analysis.costs import Cost, costs, losses
from midair.model.migration import Migration, RevisionId
from midair.model.plan import Plan, RunStatement, StepId
from midair.model.statement import Statement
from midair.pipeline.check import Checking, Question, check
from midair.pipeline.plan import plan
from midair.pipeline.request import Request


@dataclass(frozen=True, slots=True)
class WayBack:
    """How one migration is undone. `loses` says what is gone then; no `statements` means that there is no way."""

    migration: Migration
    statements: tuple[Statement, ...]
    loses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A plan with its costs by step, the findings about its migrations, and the ways back, newest first.

    `lost` is what the plan itself destroys.
    """

    plan: Plan
    checking: Checking
    costs: dict[StepId, Cost]
    back: tuple[WayBack, ...]
    lost: tuple[str, ...]


def document(request: Request, target: str | None, question: Question) -> Document:
    """The plan to `target` (see `plan`) and all that is known about it; reads only.

    Raises:
        NoDatabase: a plan is for one database, and none is named.
        ProjectError: the migrations, the history or the target do not fit together.
    """
    made = plan(request, target)
    names = tuple(str(each) for each in made.revisions)
    if names:
        checking = check(request, replace(question, names=names, must_answer=True))
    else:
        checking = Checking(request.root, (), ())
    steps = [(step.id, step.action.statement) for step in made.steps if isinstance(step.action, RunStatement)]
    priced = costs([each for _, each in steps], checking.schema, checking.server_version or 18)
    return Document(
        made,
        checking,
        {step: cost for (step, _), cost in zip(steps, priced, strict=True)},
        tuple(_back(checking, each) for each in reversed(made.revisions)),
        losses([each for _, each in steps]),
    )


def _back(checking: Checking, revision: RevisionId) -> WayBack:
    candidate = next(each for each in checking.candidates if each.migration.revision == revision)
    statements = candidate.down.statements if candidate.down is not None else ()
    return WayBack(candidate.migration, statements, losses(statements))

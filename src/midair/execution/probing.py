"""Asks the server what a crash left: whether a step is done, and what a cut-off try of it left behind."""

from midair.errors import (
    OutcomeUnknown,
)
from midair.execution.failing import place_of
from midair.execution.flight import Flight
from midair.model.backfill import Backfill
from midair.model.plan import (
    RunLive,
    RunStatement,
    Step,
    is_lost,
)
from midair.model.statement import Sql


def found_done(flight: Flight, step: Step) -> bool:
    """Whether a step that a crash interrupted is done.

    Raises:
        OutcomeUnknown: nothing can tell, and repeating it might do it twice.
    """
    if step.probe is not None:
        return is_done(flight, step.probe)
    match step.action:
        case RunLive() as action if (action.atomic or action.watched) and not _is_lost(flight, step):
            return False
        case Backfill():
            return False
        case RunStatement(repeatable=True):
            return False
        case _:
            raise OutcomeUnknown(
                f"{place_of(step)} was running when the last run was cut off, and no query can tell whether it is done",
                state=f"everything before it is done; {step.revision} is not recorded",
                hint=f"look, then say `midair repair {step.revision} --done` or `--not-done`",
            )


def _is_lost(flight: Flight, step: Step) -> bool:
    """Its program committed something on its way, and cannot be taken past that."""
    begun = flight.journal.open_steps()
    return any(each.revision == step.revision and is_lost(each.id) for each in begun)


def is_done(flight: Flight, probe: Sql) -> bool:
    """The answer of a query that gives one boolean."""
    return bool(flight.session.query(probe.text, probe.parameters)[0][0])


def clear_leftovers(flight: Flight, step: Step) -> bool:
    """Clears what a cut-off try of the step left; true when there was something."""
    repair = step.action.repair if isinstance(step.action, RunStatement) else None
    found = False
    while repair is not None:
        if is_done(flight, repair.left):
            flight.session.run([repair.clear], atomic=False)
            found = True
        repair = repair.then
    return found

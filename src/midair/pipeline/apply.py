"""Brings a database to a revision, back from one, or on from where a crash stopped."""

from collections.abc import Sequence

from midair.errors import GateInTheWay, Refused
from midair.execution.services import Reporter
from midair.journal import Journal, contracts
from midair.model.migration import Direction, Migration
from midair.model.outcome import Done
from midair.model.plan import CloseGate, Plan, takes_back
from midair.pipeline.begun import finishes_first
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened, alone, opening
from midair.pipeline.pause import lifted
from midair.pipeline.plan import planned, refuse_unapproved
from midair.pipeline.request import Request
from midair.pipeline.standings import standings_of
from midair.planning.choose import undoing


def apply(
    request: Request,
    report: Reporter,
    target: str | None = None,
    *,
    approved: str | None = None,
    contract_first: bool = False,
) -> Done:
    """Brings the database to the target revision, as the plan shows it.

    `approved` is the digest of a plan somebody agreed to: any other plan is refused. `contract_first` closes
    the gates in the way, as far as the evidence lets it.

    Raises:
        GateInTheWay, GateShut: an earlier migration's contract must come first.
        PlanChanged: the plan is no longer the approved one.
        Refused, ExecutionError: see `errors`.
    """
    with opening(request) as opened, alone(opened, report):
        made = (
            _past_gates(opened, target, report) if contract_first else planned(opened, target, Direction.UP)
        )
        refuse_unapproved(opened, made, approved)
        finishing = finishes_first(opened, made)
        done = _flown_up(opened, made, report)
        if not finishing or approved is not None:
            return done
        rest = (
            _past_gates(opened, target, report) if contract_first else planned(opened, target, Direction.UP)
        )
        then = _flown_up(opened, rest, report)
        return Done(then.run_id or done.run_id, done.revisions + then.revisions)


def _flown_up(opened: Opened, made: Plan, report: Reporter) -> Done:
    done = flown(opened, made, report)
    if made.contracts:
        from midair.pipeline.contract import keep_samples

        keep_samples(opened.session, opened.project.tool, made.contracts)
    return done


def _past_gates(opened: Opened, target: str | None, report: Reporter) -> Plan:
    """The plan, once the gates that are in its way are closed."""
    from midair.pipeline.contract import close, look

    while True:
        try:
            return planned(opened, target, Direction.UP)
        except GateInTheWay as error:
            waiting = contracts.waiting(opened.session, opened.project.tool)
            ahead = [each for each in waiting if each.contract.id == error.contract]
            if not ahead:
                raise  # this very plan would open it: the new version must be deployed in between
            close(opened, look(opened, ahead), report)


def rollback(
    request: Request,
    report: Reporter,
    target: str = "-1",
    *,
    keep_target: bool = False,
    approved: str | None = None,
) -> Done:
    """Takes migrations back, newest first: what is not contracted yet loses nothing, the rest goes by the tool's own downgrade.

    A migration that a run left half applied is taken back first, by itself: nothing of it is left.

    Raises:
        Irreversible: one of them has no way back; nothing was changed.
    """
    with opening(request) as opened, alone(opened, report):
        made = planned(opened, target, Direction.DOWN, keep_target=keep_target)
        refuse_unapproved(opened, made, approved)
        _refuse_half_done(opened, made)
        _refuse_unmet(opened, made)
        finishing = finishes_first(opened, made)
        wanted = undoing(standings_of(opened)[1], target, keep_target=keep_target) if finishing else ()
        done = flown(opened, made, report)
        return _rest_back(opened, wanted, done, report) if finishing and approved is None else done


def _rest_back(opened: Opened, wanted: Sequence[Migration], done: Done, report: Reporter) -> Done:
    """What was to be taken back besides what an earlier run had begun, now that this is over."""
    while True:
        there = {each.revision for each in standings_of(opened)[1] if each.applied is not None}
        left = [each for each in wanted if each.revision in there]
        if not left:
            return done
        made = planned(opened, left[-1].revision, Direction.DOWN)
        _refuse_unmet(opened, made)
        then = flown(opened, made, report)
        done = Done(then.run_id or done.run_id, done.revisions + then.revisions)
        if not then.revisions:
            return done


def _refuse_half_done(opened: Opened, made: Plan) -> None:
    """Raises `Refused` where a migration that is none of these is half applied: it stands on what they would take away."""
    begun = [
        each
        for each in Journal(opened.session, opened.project.tool).open_steps()
        if each.direction == Direction.UP and each.revision not in made.revisions
    ]
    if begun and not any(takes_back(each.id) for each in made.steps):
        raise Refused(
            f"{begun[0].revision} is half applied, and would lose what it stands on",
            state="nothing was changed now; its steps that ran are still in place",
            hint=f"finish it with `midair resume`, or take it back with `midair repair {begun[0].revision} --undo`",
        )


def _refuse_unmet(opened: Opened, made: Plan) -> None:
    """Raises `Refused` where the old shape cannot take the rows that were written since."""
    closed = [step.action.contract for step in made.steps if isinstance(step.action, CloseGate)]
    for need in (need for each in closed for need in each.undo_needs):
        number = opened.session.query(need.count.text, need.count.parameters)[0][0]
        if number:
            raise Refused(
                f"{number} {need.otherwise}",
                state="nothing was changed; the schema suits the old application as it is, which can be brought back meanwhile",
            )


def resume(request: Request, report: Reporter) -> Done:
    """Goes on where a crash or Ctrl-C stopped: the half-done migration first, in its own direction, then nothing more.

    `apply` continues by itself; this is for finishing what was begun without starting anything new. A run that is at work
    and was paused goes on itself, and `Done` says so.
    """
    with opening(request) as opened:
        run_id = lifted(opened)
        return Done(run_id, 0, elsewhere=True) if run_id is not None else _resumed(opened, report)


def _resumed(opened: Opened, report: Reporter) -> Done:
    with alone(opened, report):
        begun = Journal(opened.session, opened.project.tool).open_steps()
        if not begun:
            return Done(None, 0)
        direction = Direction(begun[0].direction)
        made = planned(opened, begun[0].revision, direction)
        return flown(opened, made, report)

"""Migrations that are programs and must run as such."""

from midair.errors import MigrationFailed, ProgramFailed, Unsupported
from midair.model.migration import Direction, State
from midair.model.plan import RunLive, Step
from midair.pipeline.opening import Opened


def run_live(opened: Opened, step: Step, action: RunLive) -> None:
    """Lets the migration's own program run against the target, bounded like everything else."""
    if opened.source.live is None or step.revision is None:
        raise Unsupported(
            f"{opened.project.tool} has no way to run {step.revision} by itself ({action.reason})"
        )
    by_revision = {each.revision: each for each in opened.project.migrations}
    migrations = [by_revision[revision] for revision in action.revisions]
    bounds = {"lock_timeout": f"{round(opened.request.lock_wait_s * 1000)}ms"}
    address, options = opened.session.address, opened.options
    try:
        opened.source.live(opened.project, migrations, step.direction, address, options, bounds)
    except ProgramFailed as error:
        raise MigrationFailed(
            error.message,
            state=error.state
            or f"{step.revision} was rolled back by its own program as far as it is one transaction; migrations before it are recorded",
            hint="mend the migration and run `midair resume`"
            if action.atomic
            else f"finish it, or take back what is in, by hand; then `midair repair {step.revision} --done` or `--undone`",
        ) from error
    _check_recorded(opened, step, action)


def _check_recorded(opened: Opened, step: Step, action: RunLive) -> None:
    """A program can end well and have rolled everything back (other-tools.md §9): its own history has the last word."""
    applied = opened.project.history.read(opened.session)
    there = {
        each.revision
        for each in opened.source.compare(opened.project, applied)
        if each.state is State.APPLIED
    }
    wrong = [each for each in action.revisions if (each in there) != (step.direction is Direction.UP)]
    if wrong:
        raise MigrationFailed(
            f"{', '.join(wrong)} ran and {action.tool} has no record of it: its program rolled back, or wrote elsewhere",
            state="the tool's history is as before",
            hint="look at how env.py opens its connection and begins its transaction",
        )

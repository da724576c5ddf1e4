"""A run under way, slowed down or resting: asked for at one terminal, heard by the run at another."""

from midair.errors import NothingAtWork
from midair.journal import Journal, pace
from midair.journal.journal import actor
from midair.model.address import Product
from midair.pipeline.opening import Opened, opening
from midair.pipeline.request import Request


def pause(request: Request, duty: float = 0.0) -> str:
    """From its next batch on the run at work fills no more than `duty` of the time, from 0 (it rests) to 1; its id.

    What is under way is finished first; a step that is not in batches, such as an index build, is not interrupted.

    Raises:
        NothingAtWork: there is no run to slow down.
    """
    with opening(request) as opened:
        run_id = _at_work(opened)
        if run_id is None:
            raise NothingAtWork(
                f"no run of midair is at work on {opened.session.address}",
                state="nothing was changed",
                hint="midair history shows past ones; a run that was cut off waits for `midair resume`",
            )
        asked = pace.ask(run_id, duty, actor())
        said = Journal(opened.session).event(run_id, "pace_asked", data=f"{duty:g} by {actor()}")
        opened.session.run([asked, said], atomic=True)
        return run_id


def lifted(opened: Opened) -> str | None:
    """Takes back what the run at work was asked for; its id, or `None` where none was asked for anything."""
    run_id = _at_work(opened)
    if run_id is None or pace.asked(opened.session, run_id) is None:
        return None
    said = Journal(opened.session).event(run_id, "pace_lifted", data=f"by {actor()}")
    opened.session.run([pace.lift(run_id), said], atomic=True)
    return run_id


def _at_work(opened: Opened) -> str | None:
    if opened.session.product is not Product.POSTGRESQL or not Journal(opened.session).keeps_pace():
        return None
    return pace.at_work(opened.session)

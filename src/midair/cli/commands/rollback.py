"""`midair rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.exits import WRITES
from midair.cli.flags import run_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "rollback",
    options=run_options,
    examples=(
        ("midair rollback -1", "the newest migration"),
        ("midair rollback 7c1e", "this one and everything after it"),
        ("midair rollback --to 7c1e", "everything after it; 7c1e stays"),
        ("midair rollback after:2026-11-21T10:00", "what ran since then"),
    ),
    exits=WRITES,
    streams=True,
)
@click.argument("target", required=False)
@click.option("--to", metavar="REVISION", help="Undo everything after REVISION.")
@click.option("--dry-run", is_flag=True, help="Show the plan, write nothing.")
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Run exactly this plan (JSON of midair plan --down) or refuse.",
)
@click.option("--yes", is_flag=True, help="Do not ask; a protected environment still does.")
def rollback(
    call: Call, target: str | None, to: str | None, dry_run: bool, plan_file: str | None, yes: bool
) -> Answer:
    """Undoes migrations by the tool's own downgrades, newest first.

    TARGET is -N or N (the newest N), base (all), after:MOMENT (what ran since), or a revision: it and everything after it. On a terminal the plan is shown and confirmed first.
    """

    import time

    from midair.cli.approved import approved_plan
    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import plan_payload, run_payload
    from midair.errors import BadSetting
    from midair.model.migration import Direction

    if target is not None and to is not None:
        raise BadSetting("TARGET and --to both say how far to go back", hint="give one of them")
    settings = call.settings()
    request = request_of(settings)
    digest: str | None = None
    wanted, keep = (to, True) if to is not None else (target or "-1", False)
    if plan_file is not None:
        approved = approved_plan(plan_file, Direction.DOWN)
        digest, wanted, keep = approved.digest, approved.target or "-1", approved.keep_target
    asks = must_ask(call, settings, digest, yes=yes, undoes=True)
    if dry_run or asks:
        made = midair.plan(request, wanted, Direction.DOWN, keep_target=keep)
        payload = plan_payload(made, midair.open_project(request)[1].migrations, wanted, keep_target=keep)
        if dry_run:
            return Answer(call.report(payload, environment=settings.environment, then=("midair rollback",)))
        agree(call, settings, payload)
        digest = made.digest
    began = time.monotonic()
    with watching(call) as progress:
        done = midair.rollback(request, progress, wanted, keep_target=keep, approved=digest)
    report = call.report(
        run_payload("rolled back", done, time.monotonic() - began), environment=settings.environment
    )
    return Answer(report)


COMMAND = rollback

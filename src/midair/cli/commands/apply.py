"""`midair apply`."""

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
    "apply",
    options=run_options,
    examples=(
        ("midair apply -e prod", "everything that is pending"),
        ("midair apply +1", "the next migration alone"),
        ("midair apply --plan plan.json", "exactly the approved plan, or nothing"),
    ),
    exits=WRITES,
    streams=True,
)
@click.argument("target", required=False)
@click.option("--dry-run", is_flag=True, help="Show the plan, write nothing.")
@click.option(
    "--plan", "plan_file", metavar="FILE", help="Run exactly this plan (JSON of midair plan) or refuse."
)
@click.option(
    "--contract-first", is_flag=True, help="Close the gates of earlier migrations that are in the way."
)
@click.option("--yes", is_flag=True, help="Do not ask; a protected environment still does.")
def apply(
    call: Call, target: str | None, dry_run: bool, plan_file: str | None, contract_first: bool, yes: bool
) -> Answer:
    """Brings the database to TARGET, or to the newest migration.

    TARGET is a revision, the beginning of one, a file, head, heads or +N. A run that was cut off is continued.
    """

    import time

    from midair.cli.approved import approved_plan
    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import plan_payload, run_payload
    from midair.model.migration import Direction

    settings = call.settings()
    request = request_of(settings)
    digest: str | None = None
    if plan_file is not None:
        approved = approved_plan(plan_file, Direction.UP)
        digest, target = approved.digest, approved.target
    asks = must_ask(call, settings, digest, yes=yes, undoes=False)
    if dry_run or asks:
        made = midair.plan(request, target)
        payload = plan_payload(made, midair.open_project(request)[1].migrations, target)
        if dry_run:
            return Answer(call.report(payload, environment=settings.environment, then=("midair apply",)))
        agree(call, settings, payload)
        digest = made.digest
    began = time.monotonic()
    with watching(call) as progress:
        done = midair.apply(request, progress, target, approved=digest, contract_first=contract_first)
    payload = run_payload("applied", done, time.monotonic() - began)
    return Answer(call.report(payload, environment=settings.environment))


COMMAND = apply

"""`midair contract`."""

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
    "contract",
    options=run_options,
    examples=(
        ("midair contract --dry-run", "what waits, and the evidence at each gate"),
        ("midair contract 7c1e", "the rest of one migration"),
        ("midair contract --require-evidence", "for a pipeline: only when all evidence is there"),
    ),
    exits=WRITES,
    streams=True,
)
@click.argument("revision", required=False)
@click.option("--dry-run", is_flag=True, help="Show the gates and their evidence, write nothing.")
@click.option("--require-evidence", is_flag=True, help="Refuse where something cannot be told.")
@click.option("--force", is_flag=True, help="Override evidence against it; recorded as forced.")
@click.option("--yes", is_flag=True, help="Do not ask; a protected environment still does.")
def contract(
    call: Call, revision: str | None, dry_run: bool, require_evidence: bool, force: bool, yes: bool
) -> Answer:
    """Takes away what only the old version of the application used, once it is gone.

    REVISION is a migration with an open contract; without it, all are closed, oldest first. The evidence is shown first. There is no way back but the tool's own downgrade.
    """

    import sys

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import contract_payload
    from midair.reporting.write import written

    settings = call.settings()
    request = request_of(settings)
    asks = must_ask(call, settings, None, yes=yes, undoes=True)
    if dry_run or asks:
        payload = contract_payload(midair.gates(request, revision))
        if dry_run or not payload.gates:
            then = ("midair contract",) if payload.gates else ()
            return Answer(call.report(payload, environment=settings.environment, then=then))
        shown = call.report(payload, environment=settings.environment)
        sys.stderr.write(written(shown, "text", call.look(error=True)))
        agree(call, settings, None)
    with watching(call) as progress:
        done, seen = midair.contract(
            request, progress, revision, require_evidence=require_evidence, force=force
        )
    return Answer(call.report(contract_payload(seen, done), environment=settings.environment))


COMMAND = contract

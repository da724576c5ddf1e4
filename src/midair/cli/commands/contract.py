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
    from midair.settings import Settings


@command(
    "contract",
    options=run_options,
    examples=(
        ("midair contract --dry-run", "what waits, and the evidence at each gate"),
        ("midair contract 7c1e", "the rest of one migration"),
        ("midair contract --require-evidence", "for a pipeline: only when all evidence is there"),
        ("midair contract --archive 7d", "keep dropped columns and tables aside for a week"),
        ("midair contract --purge", "drop what was kept long enough"),
    ),
    exits=WRITES,
    streams=True,
)
@click.argument("revision", required=False)
@click.option("--dry-run", is_flag=True, help="Show the gates and their evidence, write nothing.")
@click.option("--require-evidence", is_flag=True, help="Refuse where something cannot be told.")
@click.option(
    "--force", is_flag=True, help="Override evidence against it; recorded as forced, with who and why."
)
@click.option("--because", metavar="REASON", help="Why, with --force.")
@click.option("--archive", metavar="TIME", help="Put aside what goes away, where it can be, for so long.")
@click.option("--purge", is_flag=True, help="Drop what was put aside and kept long enough; nothing else.")
@click.option("--yes", is_flag=True, help="Do not ask; a protected environment still does.")
def contract(
    call: Call,
    revision: str | None,
    dry_run: bool,
    require_evidence: bool,
    force: bool,
    because: str | None,
    archive: str | None,
    purge: bool,
    yes: bool,
) -> Answer:
    """Takes away what only the old version of the application used, once it is gone.

    REVISION is a migration with an open contract; without it, all are closed, oldest first. The evidence is shown first, and what a rollback could still bring back afterwards.
    """

    import sys
    from dataclasses import replace

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.cli.views import contract_payload
    from midair.errors import BadSetting
    from midair.reporting.write import written

    if force and not because:
        raise BadSetting("--force takes your word against the evidence", hint="say why: --because REASON")
    settings = call.settings()
    request = request_of(settings)
    if archive is not None:
        request = replace(request, archive_s=_seconds(archive))
    if purge:
        return _purged(call, settings, request, dry_run=dry_run, yes=yes)
    keeps = request.archive_s is not None
    asks = must_ask(call, settings, None, yes=yes, undoes=True)
    if dry_run or asks:
        payload = contract_payload(midair.gates(request, revision), keeps=keeps)
        if dry_run or not payload.gates:
            then = ("midair contract",) if payload.gates else ()
            return Answer(call.report(payload, environment=settings.environment, then=then))
        shown = call.report(payload, environment=settings.environment)
        sys.stderr.write(written(shown, "text", call.look(error=True)))
        agree(call, settings, None)
    with watching(call) as progress:
        done, seen = midair.contract(
            request, progress, revision, require_evidence=require_evidence, force=force, because=because
        )
    return Answer(call.report(contract_payload(seen, done, keeps=keeps), environment=settings.environment))


def _seconds(text: str) -> float:
    from midair.errors import BadSetting
    from midair.settings.duration import duration

    try:
        return duration(text).seconds
    except ValueError as error:
        raise BadSetting(f"--archive {error}") from None


def _purged(call: Call, settings: Settings, request: midair.Request, *, dry_run: bool, yes: bool) -> Answer:
    """What was put aside and is over goes for good; nobody is asked before it is shown."""
    import time

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.views import run_payload, status_payload

    if dry_run:
        return Answer(call.report(status_payload(midair.status(request)), environment=settings.environment))
    if must_ask(call, settings, None, yes=yes, undoes=True):
        agree(call, settings, None)
    began = time.monotonic()
    with watching(call) as progress:
        done, _ = midair.purge(request, progress)
    payload = run_payload("purged what was left of", done, time.monotonic() - began)
    return Answer(call.report(payload, environment=settings.environment))


COMMAND = contract

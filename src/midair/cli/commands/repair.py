"""`midair repair`."""

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
    "repair",
    options=run_options,
    examples=(
        ("midair repair --dry-run", "what would be settled"),
        ("midair repair 12 --done", "12 is in after all: record it"),
        ("midair repair 12 --not-done", "12 was taken out by hand: forget it"),
        ("midair repair 12 --undo", "12 is half applied: take back what is there"),
        ("midair repair --release-lock", "Liquibase was killed and its lock row stayed"),
    ),
    exits=WRITES,
)
@click.argument("revision", required=False)
@click.option("--done/--not-done", "done", default=None, help="What you found out about REVISION.")
@click.option("--undo", is_flag=True, help="Take back what is there of REVISION, which is half applied.")
@click.option(
    "--release-lock",
    is_flag=True,
    help="Let go of a lock row first (Liquibase), unless its owner is at work.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be settled, write nothing.")
def repair(
    call: Call, revision: str | None, done: bool | None, undo: bool, dry_run: bool, release_lock: bool
) -> Answer:
    """Settles what the tool's history says wrongly: failed rows, dirty marks, edited files accepted as they are now."""

    from midair.cli.confirm import agree, must_ask
    from midair.cli.progress import watching
    from midair.cli.request import request_of
    from midair.errors import BadSetting
    from midair.reporting.report import LinesPayload

    if (revision is not None) != ((done is not None) + undo == 1):
        raise BadSetting(
            "REVISION goes with one of --done, --not-done and --undo",
            hint="midair repair 12 --done, or midair repair alone",
        )
    settings = call.settings()
    if not dry_run and must_ask(call, settings, None, yes=True, undoes=False):
        agree(call, settings, None)
    with watching(call) as progress:
        lines = midair.repair(
            request_of(settings),
            progress,
            revision,
            done=done,
            undo=undo,
            apply_it=not dry_run,
            release_lock=release_lock,
        )
    shown = tuple(f"{'would be' if dry_run else 'settled'}: {line}" for line in lines) or (
        "nothing to settle",
    )
    return Answer(call.report(LinesPayload(shown), environment=settings.environment))


COMMAND = repair

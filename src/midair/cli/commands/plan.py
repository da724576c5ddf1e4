"""`midair plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import run_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "plan",
    options=run_options,
    examples=(
        ("midair plan --sql", "every statement that apply would send"),
        ("midair plan -f json -o plan.json", "to be approved, then apply --plan plan.json"),
        ("midair plan --down -1", "what rollback would do"),
    ),
    exits=(0, 2, 3, 4),
)
@click.argument("target", required=False)
@click.option("--sql", is_flag=True, help="The statements alone, as a script.")
@click.option("--down", is_flag=True, help="Plan the rollback to TARGET [-1].")
@click.option("--to", "keep_target", is_flag=True, help="With --down: TARGET itself stays.")
def plan(call: Call, target: str | None, sql: bool, down: bool, keep_target: bool) -> Answer:
    """Shows the steps that apply, or with --down rollback, would run now. Nothing is written.

    TARGET is a revision, the beginning of one, a file, head, heads or +N.
    """

    from midair.cli.request import request_of
    from midair.cli.views import plan_payload
    from midair.model.migration import Direction

    settings = call.settings()
    request = request_of(settings)
    made = midair.plan(request, target, Direction.DOWN if down else Direction.UP, keep_target=keep_target)
    _, project = midair.open_project(request)
    payload = plan_payload(made, project.migrations, target, keep_target=keep_target)
    then = (
        () if sql or not made.segments else (f"midair {'rollback' if down else 'apply'}", "midair plan --sql")
    )
    return Answer(call.report(payload, environment=settings.environment, then=then), sql=sql)


COMMAND = plan

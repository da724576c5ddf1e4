"""`midair plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import run_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.settings import Settings


@command(
    "plan",
    options=run_options,
    examples=(
        ("midair plan --sql", "every statement that apply would send"),
        ("midair plan -f json -o plan.json", "to be approved, then apply --plan plan.json"),
        ("midair plan --down -1", "what rollback would do"),
        ("midair plan --document -f html -o plan.html", "a page to read and approve"),
    ),
    exits=(0, 2, 3, 4),
)
@click.argument("target", required=False)
@click.option("--sql", is_flag=True, help="The statements alone, as a script.")
@click.option("--down", is_flag=True, help="Plan the rollback to TARGET [-1].")
@click.option("--document", is_flag=True, help="A document to approve: risks, locks, way back, checklist.")
@click.option("--to", "keep_target", is_flag=True, help="With --down: TARGET itself stays.")
def plan(call: Call, target: str | None, sql: bool, down: bool, keep_target: bool, document: bool) -> Answer:
    """Shows the steps that apply, or with --down rollback, would run now. Nothing is written.

    TARGET is a revision, the beginning of one, a file, head, heads or +N.
    """

    from midair.cli.request import request_of
    from midair.cli.views import plan_payload
    from midair.model.migration import Direction

    settings = call.settings()
    request = request_of(settings)
    if document:
        return _document(call, settings, target, down=down)
    made = midair.plan(request, target, Direction.DOWN if down else Direction.UP, keep_target=keep_target)
    _, project = midair.open_project(request)
    payload = plan_payload(
        made, project.migrations, target, keep_target=keep_target, lock_wait_s=request.lock_wait_s
    )
    then = (
        () if sql or not made.segments else (f"midair {'rollback' if down else 'apply'}", "midair plan --sql")
    )
    return Answer(call.report(payload, environment=settings.environment, then=then), sql=sql)


def _document(call: Call, settings: Settings, target: str | None, *, down: bool) -> Answer:
    from midair.cli.documents import document_payload
    from midair.cli.findings import rule_options
    from midair.cli.request import request_of
    from midair.errors import BadSetting
    from midair.pipeline.check import Question
    from midair.pipeline.document import document

    if down:
        raise BadSetting("--document: a document holds the way back already", hint="leave --down away")
    question = Question(options=rule_options(settings, settings.rules.baseline))
    made = document(request_of(settings), target, question)
    return Answer(call.report(document_payload(made, settings), environment=settings.environment))


COMMAND = plan

"""Asks before writing where the environment is protected; a plan is shown before anything is asked."""

import sys

import click

from midair.cli.call import Call
from midair.cli.screen import can_ask
from midair.errors import NotConfirmed
from midair.reporting.report import PlanPayload
from midair.reporting.write import written
from midair.settings import Settings


def must_ask(call: Call, settings: Settings, approved: str | None, *, yes: bool, undoes: bool) -> bool:
    """Whether a person has to agree first: always where protected, and on a terminal before undoing.

    `--yes` does not answer for a protected environment; an approved plan does.
    """
    if settings.protected:
        return approved is None
    return undoes and not yes and can_ask(sys.stdin, call.variables, no_input=call.no_input)


def agree(call: Call, settings: Settings, payload: PlanPayload | None) -> None:
    """Shows the plan on stderr and asks; a protected environment asks for its name.

    Raises:
        NotConfirmed: the answer was no, or there is nobody to ask.
    """
    name = settings.environment or "yes"
    if not can_ask(sys.stdin, call.variables, no_input=call.no_input):
        raise NotConfirmed(
            f"{settings.environment or 'this database'} is protected and nobody is there to confirm",
            state="nothing was changed",
            hint="midair plan -f json -o plan.json, have it approved, then --plan plan.json",
        )
    if payload is not None:
        sys.stderr.write(
            written(call.report(payload, environment=settings.environment), "text", call.look(error=True))
        )
    if settings.protected:
        answer: str = click.prompt(
            f'{name} is protected. Type "{name}" to go on', err=True, default="", show_default=False
        )
        agreed = answer == name
    else:
        agreed = click.confirm("Go on?", err=True)
    if not agreed:
        raise NotConfirmed(
            "not confirmed", state="nothing was changed", hint="midair plan shows what would happen"
        )

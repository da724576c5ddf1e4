"""`midair config show` and `midair config check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import common_options, run_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.reporting.report import Setting
    from midair.settings import Settings


@command(
    "show",
    options=run_options,
    examples=(
        ("midair config show -e prod", "what would count for prod, and why"),
        ("midair config show -f json", "the same for a program"),
    ),
)
def show(call: Call) -> Answer:
    """Shows every effective value with its origin. Secrets are shown as •••."""

    from midair.reporting.report import Setting, SettingsPayload
    from midair.settings.show import shown

    settings = call.settings()
    rows = tuple(Setting(row.name, row.value, row.origin) for row in shown(settings))
    return Answer(
        call.report(SettingsPayload((*rows, *_database(settings))), environment=settings.environment)
    )


@command(
    "check",
    options=run_options,
    examples=(
        ("midair config check", "all environments, offline"),
        ("midair config check -e prod", "one of them"),
    ),
)
def check(call: Call) -> Answer:
    """Checks the settings of all environments without connecting, and lists everything that is wrong.

    docs/reference/settings.md lists all settings.
    """

    from midair.cli.call import failure_of
    from midair.errors import SeveralProblems
    from midair.reporting.report import LinesPayload
    from midair.settings.load import check_all

    problems = check_all(call.flags, call.variables, call.here)
    if not problems:
        from midair.cli.findings import wrong_rules

        problems = tuple(wrong_rules(call.settings()))
    if problems:
        error = problems[0] if len(problems) == 1 else SeveralProblems(problems)
        return Answer(call.report(failure_of(error), outcome="failed"), exit_code=error.exit_code)
    return Answer(call.report(LinesPayload(("the settings are in order",))))


def _database(settings: Settings) -> tuple[Setting, ...]:
    """The database that wins, which may be the one that the tool's own files name."""

    from midair.cli.request import request_of
    from midair.errors import MidairError
    from midair.reporting.report import Setting

    try:
        request = request_of(settings)
        _, project = midair.open_project(request)
        address = midair.address_of(request, project)
    except MidairError as error:
        return (Setting("database", "none", f"{error.code} {error.message}"),)
    origin = (
        str(settings.origins["url"])
        if "url" in settings.origins and settings.url
        else (project.origin if project.address else "DATABASE_URL")
    )
    return (Setting("database", str(address), origin or project.tool),)


COMMAND = click.Group(
    "config",
    commands=[show, check],
    params=[*common_options()],
    help="Shows or checks the effective settings.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)

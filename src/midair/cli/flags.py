"""The options that many commands share, and what they said, on either side of the command's name."""

from dataclasses import dataclass, field
from typing import Any

import click

from midair.reporting.names import NAMES

FLAGS = "midair.flags"
"""Under this name a click context keeps what the common options said, on either side of the command."""


@dataclass(slots=True)
class Given:
    """What the common options said so far; a command's own side wins over the side before it."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    outputs: list[str] = field(default_factory=list[str])
    verbose: bool = False
    quiet: bool = False
    ascii: bool = False
    no_input: bool = False


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    given = context.meta.setdefault(FLAGS, Given())
    if value is None or value is False or value == ():
        return
    name = parameter.name or ""
    if name == "output":
        given.outputs.extend(value)
    elif isinstance(value, bool):
        setattr(given, name, True)
    else:
        given.texts[name] = str(value)


def _option(*names: str, group: str, **facts: Any) -> click.Option:
    option = click.Option(names, expose_value=False, callback=_keep, is_eager=True, **facts)
    option.help_group = group  # type: ignore[attr-defined]  # read back by `Command.format_options`
    return option


def common_options() -> list[click.Parameter]:
    """The options every command has, fresh for each."""
    return [
        _option(
            "-e", "--env", "environment", group="Common", metavar="NAME", help="Environment of midair.toml."
        ),
        _option(
            "-C",
            "--project",
            "project",
            group="Common",
            metavar="DIR",
            help="The project's folder, or its name in midair.toml.",
        ),
        _option(
            "-c",
            "--config",
            "config",
            group="Common",
            metavar="FILE",
            help="The settings file, instead of looking for it.",
        ),
        _option(
            "-f",
            "--format",
            "format",
            group="Common",
            metavar="FORMAT",
            help=f"{', '.join(NAMES)}; jsonl for apply and its kin.",
        ),
        _option(
            "-o",
            "--output",
            "output",
            group="Common",
            metavar="FILE",
            multiple=True,
            help="Write there; FORMAT=FILE, repeatable.",
        ),
        _option("-q", "--quiet", "quiet", group="Common", is_flag=True, help="No progress."),
        _option("-v", "--verbose", "verbose", group="Common", is_flag=True, help="More detail."),
        _option(
            "--color",
            "color",
            group="Common",
            type=click.Choice(["auto", "always", "never"]),
            help="Colours.",
        ),
        _option("--ascii", "ascii", group="Common", is_flag=True, help="Plain ASCII symbols."),
        _option("--no-input", "no_input", group="Common", is_flag=True, help="Never ask; the answer is no."),
    ]


def project_options() -> list[click.Parameter]:
    """Options of commands that read a project."""
    return [
        _option(
            "--tool",
            "tool",
            group="Settings",
            metavar="NAME",
            help="Which tool's project, where several are found.",
        ),
        _option(
            "--python", "python", group="Settings", metavar="FILE", help="The project's own interpreter."
        ),
    ]


def _server_options() -> list[click.Parameter]:
    return [
        _option(
            "--url-file", "url_file", group="Settings", metavar="FILE", help="A file that holds the address."
        ),
        _option(
            "--password-file",
            "password_file",
            group="Settings",
            metavar="FILE",
            help="A file that holds the password.",
        ),
        _option(
            "--scratch", "scratch", group="Settings", metavar="URL", help="A server for throwaway databases."
        ),
    ]


def database_options() -> list[click.Parameter]:
    """Options of commands that go to a database; each is a setting of the same name."""
    return [
        *project_options(),
        _option("--url", "url", group="Settings", metavar="URL", help="The database's address."),
        *_server_options(),
    ]


def check_options() -> list[click.Parameter]:
    """Options of `check`, which may look at a database and never writes to one."""
    return [
        *project_options(),
        _option(
            "--against",
            "--url",
            "url",
            group="Settings",
            metavar="URL",
            help="A database that says what is applied and how large it is.",
        ),
        *_server_options(),
        _option(
            "--fail-on",
            "fail_on",
            group="Settings",
            metavar="RISK",
            help="Exit 1 from this risk on: low, medium, high, never. [high]",
        ),
    ]


def _batch_options() -> list[click.Parameter]:
    return [
        _option(
            "--workers",
            "workers",
            group="Settings",
            metavar="N",
            help="Sessions at once on a statement in batches. [1]",
        ),
        _option(
            "--batch-time",
            "batch_time",
            group="Settings",
            metavar="TIME",
            help="Size batches to take this long. [10ms]",
        ),
        _option(
            "--duty",
            "duty",
            group="Settings",
            metavar="PERCENT",
            help="Batches fill at most this much of the time. [100]",
        ),
        _option(
            "--health-sql",
            "health_sql",
            group="Settings",
            metavar="SQL",
            help="A query of the application's: where it slows down, batches rest.",
        ),
    ]


def run_options() -> list[click.Parameter]:
    """Options of commands that write to a database."""
    return [
        *database_options(),
        _option(
            "--strategy",
            "strategy",
            group="Settings",
            metavar="NAME",
            help="online or direct. [online; direct on this machine]",
        ),
        _option(
            "--lock-wait",
            "lock_wait",
            group="Settings",
            metavar="TIME",
            help="Wait this long for one lock, then let go. [50ms]",
        ),
        _option(
            "--lock-budget",
            "lock_budget",
            group="Settings",
            metavar="TIME",
            help="Keep trying for this long. [10min]",
        ),
        _option(
            "--statement-timeout",
            "statement_timeout",
            group="Settings",
            metavar="TIME",
            help="Longest single statement. [none]",
        ),
        _option(
            "--terminate-blockers-older-than",
            "terminate_blockers_older_than",
            group="Settings",
            metavar="TIME",
            help="End sessions in the way of a lock for longer. [never]",
        ),
        *_batch_options(),
        _option("--wait", "wait", group="Settings", metavar="TIME", help="Wait for another run to end. [0s]"),
    ]

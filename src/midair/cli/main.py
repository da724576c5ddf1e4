"""The command line from argv to exit code: finds the command, runs it, shows its answer or its error."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from midair.cli.catalogue import COMMANDS, GROUPS
from midair.cli.command import Answer
from midair.cli.flags import common_options
from midair.errors import MidairError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midair.reporting.report import Failure


class Overview(click.Group):
    """The command group: knows every command by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the overview."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command's module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found = import_module("midair.cli.commands." + cmd_name.replace("-", "_")).COMMAND
        return cast("click.Command", found)  # a test loads every module and checks what COMMAND is

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or says which ones come close."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            close = get_close_matches(name, self.list_commands(ctx), n=2)
            hint = f"did you mean {' or '.join(close)}?" if close else "`midair` alone lists the commands"
            raise click.UsageError(f"{name} is not a command; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, by what one wants to do."""
        formatter.write_text(
            "midair COMMAND [OPTIONS]: changes database schemas while the application keeps flying."
        )
        for group, title in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.help) for entry in COMMANDS if entry.group == group])
        with formatter.section("Common options, before or after the command"):
            formatter.write_dl(
                [record for option in common_options() if (record := option.get_help_record(ctx))]
            )
        formatter.write_paragraph()
        formatter.write_text(
            "`midair COMMAND --help` shows examples. Nothing is written without having been shown."
        )


def overview() -> Overview:
    """The whole command tree, commands not yet imported."""
    return Overview(
        "midair",
        params=[
            *common_options(),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help="The version.",
            ),
        ],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
        invoke_without_command=True,
        callback=click.pass_context(_alone),
    )


def run(argv: Sequence[str]) -> tuple[int, bool]:
    """Runs one command line: its exit code, and whether child processes are to be waited for."""
    started_at = datetime.now(UTC)
    try:
        result: object = overview().main(list(argv), prog_name="midair", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code, False
    except click.ClickException as error:
        return _failed(argv, started_at, _usage(error)), False
    except MidairError as error:
        from midair.cli.call import failure_of

        return _failed(argv, started_at, failure_of(error)), False
    except (click.Abort, KeyboardInterrupt):
        from midair.reporting.report import Failure

        stopped = Failure(
            "ME311",
            "stopped",
            130,
            "what was committed is recorded; the rest was rolled back",
            "midair status shows where it stands",
        )
        return _failed(argv, started_at, stopped), True
    except BrokenPipeError:
        return 141, False
    except Exception as error:  # noqa: BLE001  # the last line of defence: a bug must not show a bare traceback
        from midair.cli.bug import failure_of_bug

        return _failed(argv, started_at, failure_of_bug(error)), True
    if isinstance(result, Answer):
        return result.exit_code, result.has_children
    return (result if isinstance(result, int) else 0), False


def _alone(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from midair import __version__

        click.echo(f"midair {__version__}")
        context.exit()


def _usage(error: click.ClickException) -> Failure:
    from midair.reporting.report import Failure

    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "midair"
    message = error.format_message().rstrip(".")
    return Failure("ME100", message[:1].lower() + message[1:], 2, None, f"{command} --help")


def _failed(argv: Sequence[str], started_at: datetime, failure: Failure) -> int:
    """Shows an error: as text on stderr, and as a report on stdout when a machine listens there."""
    from midair.cli.screen import look_of
    from midair.reporting.lines import failure_lines
    from midair.reporting.report import Report
    from midair.reporting.write import written

    look = look_of(sys.stderr, _environ(), ascii_only="--ascii" in argv)
    if _machine_listens(argv):
        report = Report(_command_in(argv), failure, started_at, "failed")
        text = written(report, "json", look)
        if _machine_listens(argv) == "jsonl":
            from midair.reporting.formats.json import one_line

            text = one_line(text)
        sys.stdout.write(text)
    for line in failure_lines(failure, look):
        sys.stderr.write(line + "\n")
    return failure.exit_code


def _machine_listens(argv: Sequence[str]) -> str | None:
    """The machine format that was asked for, read from argv itself: parsing may be what failed."""
    for previous, word in zip(("", *argv), argv, strict=False):
        name = word if previous in ("-f", "--format") else word.removeprefix("--format=").removeprefix("-f")
        if name in ("json", "jsonl") and (name != word or previous in ("-f", "--format")):
            return name
    return None


def _command_in(argv: Sequence[str]) -> str:
    return next((word for word in argv if any(word == entry.name for entry in COMMANDS)), "midair")


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)

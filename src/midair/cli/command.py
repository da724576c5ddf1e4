"""What a command is: its options, the shape of its help, its answer."""

from __future__ import annotations

import gc
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from midair.cli.exits import MEANING
from midair.cli.flags import common_options
from midair.model.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midair.reporting.report import Report

MORE = "docs/reference/commands.md"


@frozen
class Answer:
    """What a command comes back with.

    `sql`: a plan is shown as a script. `has_children`: it still owns child processes, so leave the
    ordinary way; the pipeline ends those it starts (scratch servers, capture workers) itself.
    """

    report: Report
    exit_code: int = 0
    sql: bool = False
    has_children: bool = False


class Command(click.Command):
    """A command whose help has examples first, then options in groups, exit codes, and where to read more."""

    examples: Sequence[tuple[str, str]] = ()
    exits: Sequence[int] = (0, 2)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Lets `-1` be an argument: no option of ours is a number."""
        numbers = [word for word in args if word[:1] == "-" and word[1:].isdecimal()]
        if numbers and "--" not in args:
            args = [*(word for word in args if word not in numbers), "--", *numbers]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help in the order of user-experience.md §3."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        with formatter.section("Examples"):
            formatter.write_dl([(line, what) for line, what in self.examples])
        self.format_options(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), MEANING[code]) for code in self.exits])
        formatter.write_paragraph()
        formatter.write_text(f"More: {MORE}#{(ctx.command_path.removeprefix('midair ')).replace(' ', '-')}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, the command's own first."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": [], "Settings": [], "Common": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups[getattr(parameter, "help_group", "Options")].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def command(
    name: str,
    *,
    options: Callable[[], list[click.Parameter]] | None = None,
    examples: Sequence[tuple[str, str]],
    exits: Sequence[int] = (0, 2),
    streams: bool = False,
) -> Callable[[Callable[..., Answer]], Command]:
    """Makes a function a command: its docstring is the help, its parameters are its own options.

    `streams`: it can write events as lines of JSON while it works.
    """

    def made(function: Callable[..., Answer]) -> Command:
        @wraps(function)
        def answered(context: click.Context, /, **own: Any) -> Answer:
            from midair.cli.call import call_of, emit

            call = call_of(context, streams=streams)
            # Parsing is over: from here on there may be garbage worth collecting, but not among what was
            # imported, and not as often as the default of every 700 values would have it.
            gc.freeze()
            gc.set_threshold(50_000)
            gc.enable()
            answer = function(call, **own)
            emit(call, answer.report, sql=answer.sql)
            return answer

        own: list[click.Parameter] = list(reversed(getattr(function, "__click_params__", [])))
        built = Command(
            name,
            callback=click.pass_context(answered),
            params=[*own, *(options() if options else []), *common_options()],
            help=function.__doc__,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
        )
        built.examples, built.exits = examples, exits
        return built

    return made

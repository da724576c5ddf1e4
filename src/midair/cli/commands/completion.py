"""`midair completion SHELL`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "completion",
    examples=(
        ('eval "$(midair completion bash)"', "in ~/.bashrc"),
        ("midair completion fish > ~/.config/fish/completions/midair.fish", "once"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(call: Call, shell: str) -> Answer:
    """Prints the completion script for a shell."""

    from click.shell_completion import get_completion_class

    from midair.cli.main import overview
    from midair.errors import BadSetting
    from midair.reporting.report import LinesPayload

    kind = get_completion_class(shell)
    if kind is None:
        raise BadSetting(f"there is no completion for {shell}", hint="bash, zsh or fish")
    script = kind(overview(), {}, "midair", "_MIDAIR_COMPLETE").source()
    return Answer(call.report(LinesPayload(tuple(script.splitlines()))))


COMMAND = completion

"""`midair explain CODE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.errors import MidairError


@command(
    "explain",
    examples=(("midair explain ME301", "the page of an error"), ("midair explain", "all codes")),
)
@click.argument("code", required=False)
def explain(call: Call, code: str | None) -> Answer:
    """Shows the page of any code that midair prints; without a code, lists them all."""

    from difflib import get_close_matches
    from inspect import cleandoc

    from midair.errors import BadSetting, MidairError
    from midair.reporting.report import Page

    pages = {kind.code: kind for kind in _tree(MidairError)}
    if code is None:
        text = "\n".join(
            f"{kind.code}  {cleandoc(kind.__doc__ or '').splitlines()[0]}" for kind in pages.values()
        )
        return Answer(call.report(Page("ME", "all codes", text)))
    kind = pages.get(code.upper())
    if kind is None:
        close = get_close_matches(code.upper(), pages, n=1)
        raise BadSetting(
            f"{code} is not a code that midair prints",
            hint=f"did you mean {close[0]}?" if close else "`midair explain` lists them",
        )
    return Answer(call.report(Page(kind.code, kind.__name__, cleandoc(kind.__doc__ or ""), kind.exit_code)))


COMMAND = explain


def _tree(kind: type[MidairError]) -> list[type[MidairError]]:
    from midair import errors

    found = [kind, *(each for inner in kind.__subclasses__() for each in _tree(inner))]
    return sorted((each for each in found if each.__module__ == errors.__name__), key=lambda each: each.code)

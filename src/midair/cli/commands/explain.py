"""`midair explain CODE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.errors import MidairError
    from midair.reporting.report import Page


@command(
    "explain",
    examples=(
        ("midair explain MA101", "the page of a rule: what to avoid, what to write"),
        ("midair explain ME301", "the page of an error"),
        ("midair explain", "all codes"),
    ),
)
@click.argument("code", required=False)
def explain(call: Call, code: str | None) -> Answer:
    """Shows the page of any code that midair prints; without a code, lists them all.

    A rule may also be given by its name, as in index-without-concurrently.
    """

    from difflib import get_close_matches

    from midair.errors import BadSetting
    from midair.reporting.report import Page

    if code is None:
        text = "\n".join(
            f"{page.code}  {page.text.splitlines()[0]}" for page in (*_errors(), *_rules(), *_verdicts())
        )
        return Answer(call.report(Page("ME, MA", "all codes", text)))
    rules = [*_rules(), *_verdicts()]
    pages = {page.code: page for page in (rules if code[:2].upper() == "MA" else _errors())}
    found = pages.get(code.upper()) or next((page for page in rules if page.name == code.lower()), None)
    if found is None:
        known = [*pages, *(page.name for page in rules)]
        close = get_close_matches(code.upper(), known, n=1) or get_close_matches(code.lower(), known, n=1)
        raise BadSetting(
            f"{code} is not a code that midair prints",
            hint=f"did you mean {close[0]}?" if close else "`midair explain` lists them",
        )
    return Answer(call.report(found))


COMMAND = explain


def _rules() -> list[Page]:
    """The pages of the rules, by code."""
    from inspect import cleandoc

    from midair.analysis.analyse import rules
    from midair.reporting.report import Page

    return [Page(rule.code, rule.name, cleandoc(rule.page), risk=rule.risk) for rule in rules()]


def _verdicts() -> list[Page]:
    """The pages of what a rehearsal can find, by code."""
    from midair.rehearsal.verdicts import VERDICTS
    from midair.reporting.report import Page

    return [Page(each.code, each.name, each.page, risk=each.risk) for each in VERDICTS]


def _errors() -> list[Page]:
    """The pages of the errors, by code."""
    from inspect import cleandoc

    from midair.errors import MidairError
    from midair.reporting.report import Page

    return [
        Page(kind.code, kind.__name__, cleandoc(kind.__doc__ or ""), kind.exit_code)
        for kind in _tree(MidairError)
    ]


def _tree(kind: type[MidairError]) -> list[type[MidairError]]:
    from midair import errors

    found = [kind, *(each for inner in kind.__subclasses__() for each in _tree(inner))]
    return sorted((each for each in found if each.__module__ == errors.__name__), key=lambda each: each.code)

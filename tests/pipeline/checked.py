"""What `check` finds in a folder, as a test asks it."""

import sys
from pathlib import Path

import midair
from midair.model.address import Secret
from midair.model.finding import Risk
from midair.pipeline.check import Checking, Question, check


def looked(root: Path, *names: str, url: Secret | None = None, **asked: object) -> Checking:
    """What `check` finds in a folder."""
    question = Question(names, must_answer=url is not None, **asked)  # type: ignore[arg-type]  # a test's shorthand
    return check(midair.Request(root, url=url, python=sys.executable), question)


def high(found: Checking) -> list[tuple[str, str, str]]:
    """Revision, code and place of what is high."""
    return [
        (str(each.revision), each.code, str(each.span))
        for each in found.findings
        if each.risk is Risk.HIGH and each.counts
    ]


def revisions(found: Checking) -> list[str]:
    return [str(each.migration.revision) for each in found.candidates]

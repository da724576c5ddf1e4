"""Every finding of every page, with the place it was made at."""

from collections.abc import Iterator
from dataclasses import dataclass

from page import Example, blocks_of

from midair.analysis.analyse import Candidate, Options, analyse
from midair.analysis.rule import Rule
from midair.model.finding import Finding
from midair.model.schema import Schema
from midair.model.statement import Statement


@dataclass(frozen=True)
class Found:
    """A finding; `upto` are the statements that ran, the one it is about last, `server` is the page's."""

    finding: Finding
    upto: tuple[Statement, ...]
    server: int

    @property
    def before(self) -> tuple[Statement, ...]:
        """Those that ran before the one it is about."""
        return tuple(each for each in self.upto if each.span != self.finding.span)


def found_on(rule: Rule, tool: str = "") -> Iterator[Found]:
    """What the rule finds in the examples of its own page."""
    sections = dict(blocks_of(rule.page))
    given = sections.pop("Given", ())
    for examples in sections.values():
        past = [Candidate(each.migration, each.script, pending=False) for each in given]
        present = [Candidate(each.migration, each.script) for each in examples]
        server = examples[0].server if examples else 18
        options = Options(select=(rule.code,), tool=tool)
        for finding in analyse((*past, *present), Schema(complete=True), server, options):
            if finding.code == rule.code:
                yield Found(finding, _upto(finding, (*given, *examples)), server)


def _upto(finding: Finding, examples: tuple[Example, ...]) -> tuple[Statement, ...]:
    every = [each for example in examples for each in example.statements]
    here = [place for place, each in enumerate(every) if each.span == finding.span]
    return tuple(every[: here[0] + 1] if here else every)

"""Every rule's page keeps its word: marked statements are found, unmarked ones are not, and all of it is real SQL."""

import pytest
from page import RULES, blocks_of, findings_of

from midair.analysis.analyse import rules
from midair.analysis.rule import Rule
from midair.model.finding import Risk


@pytest.mark.parametrize("rule", RULES)
def test_a_page_finds_what_it_promises_and_nothing_else(rule: Rule) -> None:
    sections = dict(blocks_of(rule.page))
    given = sections.pop("Given", ())
    assert sections, "a page without examples proves nothing"
    promises = 0
    for section, examples in sections.items():
        found = {
            (each.span.path, each.span.end_line)
            for each in findings_of(given, examples, rule)
            if each.code == rule.code
        }
        promised = {
            (each.path, line)
            for each in examples
            for line, codes in each.promised.items()
            if rule.code in codes
        }
        promises += len(promised)
        assert found == promised, section
    assert promises, "a page that promises nothing proves nothing"


@pytest.mark.parametrize("rule", RULES)
def test_what_a_page_recommends_is_not_risky_by_any_other_rule(rule: Rule) -> None:
    sections = dict(blocks_of(rule.page))
    found = findings_of(sections.get("Given", ()), sections.get("Prefer", ()), rule)
    assert [f"{each.code} {each.message}" for each in found if each.risk is Risk.HIGH] == []


def test_codes_and_names_are_unique_and_names_are_the_modules() -> None:
    every = rules()
    assert len({each.code for each in every}) == len(every)
    assert len({each.name for each in every}) == len(every)
    assert [
        each.name for each in every if not each.look.__module__.endswith(each.name.replace("-", "_"))
    ] == []


def test_every_page_begins_with_a_sentence_and_names_its_source() -> None:
    assert [each.code for each in rules() if not each.title.endswith(".") or "Source:" not in each.page] == []

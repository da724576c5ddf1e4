"""Every example of every page is real: the server takes it, or refuses it with the code the page says."""

import pytest
from emptied import emptied
from page import RULES, Example, blocks_of

from midair.analysis.rule import Rule
from midair.database.session import Session
from midair.errors import StatementFailed
from midair.rehearsal.server import Server


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_the_server_agrees_with_a_page(rule: Rule, servers: dict[int, Server]) -> None:
    sections = dict(blocks_of(rule.page))
    given = sections.pop("Given", ())
    for section, examples in sections.items():
        with emptied(servers[examples[0].server]) as session:
            outcomes = [_outcome(session, each) for each in (*given, *examples)]
        assert [each for each in outcomes if each] == [], section


def _outcome(session: Session, example: Example) -> str | None:
    """What went otherwise than the page says."""
    promised = set(example.refused.values())
    try:
        if example.atomic:
            session.run(example.statements, atomic=True)
        for each in () if example.atomic else example.statements:
            session.run([each], atomic=False)
    except StatementFailed as failure:
        return None if failure.sqlstate in promised else f"{failure.sqlstate} {failure}"
    return f"nothing was refused, promised was {promised}" if promised else None

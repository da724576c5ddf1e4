"""Every example of every page is real: the server takes it, or refuses it with the code the page says."""

from collections.abc import Iterator

import pytest
from page import Example, blocks_of

from midair.analysis.analyse import rules
from midair.analysis.rule import Rule
from midair.database import Guard, open_session
from midair.database.session import Session
from midair.errors import StatementFailed
from midair.model.statement import Sql, Statement
from midair.rehearsal.server import Server, throwaway_server

RULES = [pytest.param(each, id=each.name) for each in rules() if "```sql" in each.page]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[int, Server]]:
    with throwaway_server(18) as newest, throwaway_server(15) as older:
        yield {18: newest, 15: older}


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_the_server_agrees_with_a_page(rule: Rule, servers: dict[int, Server]) -> None:
    sections = dict(blocks_of(rule.page))
    given = sections.pop("Given", ())
    for section, examples in sections.items():
        server = servers[examples[0].server]
        admin = open_session(server.admin, Guard(), "pages")
        admin.run([Sql("CREATE DATABASE page")], atomic=False)
        session = open_session(server.at("page"), Guard(statement_ms=20_000), "pages")
        try:
            outcomes = [_outcome(session, each) for each in (*given, *examples)]
        finally:
            session.close()
            admin.run([Sql("DROP DATABASE page WITH (FORCE)")], atomic=False)
            admin.close()
        assert [each for each in outcomes if each] == [], section


def _outcome(session: Session, example: Example) -> str | None:
    """What went otherwise than the page says."""
    statements: list[Sql | Statement] = list(example.statements)
    promised = set(example.refused.values())
    try:
        if example.atomic:
            session.run(statements, atomic=True)
        for each in () if example.atomic else statements:
            session.run([each], atomic=False)
    except StatementFailed as failure:
        return None if failure.sqlstate in promised else f"{failure.sqlstate} {failure}"
    return f"nothing was refused, promised was {promised}" if promised else None

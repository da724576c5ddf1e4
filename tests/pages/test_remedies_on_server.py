"""What remedies quote is real: the server takes it, where the statement it replaces would have run."""

from collections.abc import Iterator

import pytest
from remedies import Found, found_on

from midair.analysis.analyse import rules
from midair.analysis.rule import Rule
from midair.database import Guard, open_session
from midair.errors import StatementFailed
from midair.model.statement import Sql, Statement
from midair.rehearsal.server import Server, throwaway_server

RULES = [pytest.param(each, id=each.name) for each in rules() if "```sql" in each.page]
REFUSED = {
    "MA140": "it stands in the transaction that the statement is in",
    "MA515": "it takes the place of the statement before, too",
}
AFTERWARDS = frozenset(["MA209", "MA516", "MA805"])
"""Remedies that come after the statement instead of in its place."""


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[int, Server]]:
    with throwaway_server(18) as newest, throwaway_server(15) as older:
        yield {18: newest, 15: older}


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_the_server_takes_a_remedy(rule: Rule, servers: dict[int, Server]) -> None:
    failures = [failure for each in found_on(rule) if (failure := _failure(each, servers[each.server]))]
    assert bool(failures) is (rule.code in REFUSED), failures


def _failure(found: Found, server: Server) -> str | None:
    """What the server said to the first line of the remedy that it refused."""
    if not found.finding.remedy.sql:
        return None
    admin = open_session(server.admin, Guard(), "remedies")
    admin.run([Sql("CREATE DATABASE remedy")], atomic=False)
    session = open_session(server.at("remedy"), Guard(statement_ms=20_000), "remedies")
    try:
        for each in found.before if found.finding.code not in AFTERWARDS else found.upto:
            session.run([each], atomic=False)
        for sql in found.finding.remedy.sql:
            try:
                session.run([Statement(sql, found.finding.span)], atomic=False)
            except StatementFailed as failure:
                return f"{sql}: {failure.sqlstate} {failure}"
    finally:
        session.close()
        admin.run([Sql("DROP DATABASE remedy WITH (FORCE)")], atomic=False)
        admin.close()
    return None

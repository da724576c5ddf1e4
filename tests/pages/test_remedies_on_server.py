"""What remedies quote is real: the server takes it, where the statement it replaces would have run."""

import pytest
from emptied import emptied
from page import RULES
from remedies import Found, found_on

from midair.analysis.rule import Rule
from midair.errors import StatementFailed
from midair.model.statement import Statement
from midair.rehearsal.server import Server

REFUSED = {
    "MA140": "it stands in the transaction that the statement is in",
    "MA515": "it takes the place of the statement before, too",
}
AFTERWARDS = frozenset(["MA209", "MA516", "MA805"])
"""Remedies that come after the statement instead of in its place."""


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_the_server_takes_a_remedy(rule: Rule, servers: dict[int, Server]) -> None:
    failures = [failure for each in found_on(rule) if (failure := _failure(each, servers[each.server]))]
    assert bool(failures) is (rule.code in REFUSED), failures


def _failure(found: Found, server: Server) -> str | None:
    """What the server said to the first line of the remedy that it refused."""
    if not found.finding.remedy.sql:
        return None
    with emptied(server) as session:
        for each in found.before if found.finding.code not in AFTERWARDS else found.upto:
            session.run([each], atomic=False)
        for sql in found.finding.remedy.sql:
            try:
                session.run([Statement(sql, found.finding.span)], atomic=False)
            except StatementFailed as failure:
                return f"{sql}: {failure.sqlstate} {failure}"
    return None

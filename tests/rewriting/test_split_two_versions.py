"""Old and new application at work on both halves of a split table, all through expand, ready, contract and rollback."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.lives import goes_back, goes_forth, raised_through
from tests.rewriting.phases import without_downgrade
from tests.support.listening import Remembering
from tests.support.versions import ACCOUNTS, SHARED, Shop, Version, Worker, run

import midair
from midair.database import Session
from midair.model.statement import Sql

_OLD, _NEW = Version("old"), Version("new", table="holdings")
_EVERY = """
CREATE TABLE holdings (id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE, balance numeric NOT NULL DEFAULT 0);
INSERT INTO holdings (id, balance) SELECT id, balance FROM accounts;
ALTER TABLE accounts DROP COLUMN balance;
"""
_SOME = _EVERY.replace(" DEFAULT 0", "").replace("FROM accounts;", "FROM accounts WHERE balance IS NOT NULL;")
_FEW = ACCOUNTS.replace("NOT NULL DEFAULT 0", "")
SPLITS = {"every row": (ACCOUNTS, _EVERY), "rows with a value": (_FEW, _SOME)}


@dataclass
class Halves(Worker):
    """A worker whose new version keeps what an account holds in the other table."""

    def round(self, session: Session) -> None:
        if self.version is _OLD:
            super().round(session)
            return
        own = self.number * 1_000_000 + self.rounds
        opened = f"INSERT INTO accounts (id, owner) VALUES ({own}, 'me')"
        session.run([Sql(opened), Sql(f"INSERT INTO holdings (id, balance) VALUES ({own}, 2)")], atomic=True)
        run(session, f"INSERT INTO moves (account, sum) VALUES ({own}, 1)")
        run(session, f"UPDATE holdings SET balance = balance + 10 WHERE id = {own}")
        run(session, f"UPDATE holdings SET balance = balance + 1 WHERE id = {1 + self.rounds % SHARED}")
        self.added += 1
        if session.query(f"SELECT balance FROM holdings WHERE id = {own} FOR UPDATE") != [(12,)]:
            self.errors.append(f"the new version read another value of {own} than it wrote")
        self.kept[own] = 12
        if self.rounds % 4 == 0:
            run(session, f"DELETE FROM holdings WHERE id = {own}")
            run(session, f"DELETE FROM accounts WHERE id = {own}")
            del self.kept[own]


@pytest.mark.parametrize("which", SPLITS)
def test_forward_both_versions_work_and_the_old_one_leaves_before_contract(
    rig: Rig, project: Callable[..., Path], which: str
) -> None:
    given, sql = SPLITS[which]
    with rig.database(given) as address:
        root, shop = project(sql), Shop(address, Halves)
        goes_forth(rig, root, shop, _OLD, _NEW)


@pytest.mark.parametrize("which", SPLITS)
def test_back_before_contract_nothing_written_is_lost(
    rig: Rig, project: Callable[..., Path], which: str
) -> None:
    given, sql = SPLITS[which]
    with rig.database(given) as address:
        root, shop = without_downgrade(project(sql)), Shop(address, Halves)
        goes_back(rig, root, shop, _OLD, _NEW)


def test_increments_that_meet_on_one_row_through_either_name_are_all_there(
    newest: Rig, project: Callable[..., Path]
) -> None:
    with newest.database(ACCOUNTS) as address:
        midair.apply(request_for(project(_EVERY), address), Remembering())
        assert raised_through(newest, address, ("accounts", "holdings") * 3, 100) == (600, [])
        with newest.session(address) as session:
            rows = session.query(
                "SELECT a.balance, h.balance FROM accounts a, midair.holdings h WHERE a.id = 1 AND h.id = 1"
            )
            assert rows == [(600, 600)]

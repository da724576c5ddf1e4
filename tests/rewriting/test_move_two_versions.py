"""Old and new application at work on a column that moves between two tables, all through expand, ready, contract and rollback."""

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

_OLD, _NEW = Version("old"), Version("new", table="holdings", owner=None)
_GIVEN = (
    ACCOUNTS
    + """
CREATE TABLE holdings (id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE, uses int NOT NULL DEFAULT 0);
INSERT INTO accounts SELECT g, 3, 'nobody' FROM generate_series(9000, 11000) AS g;
INSERT INTO holdings SELECT id FROM accounts;
"""
)
_MOVE = """
ALTER TABLE holdings ADD COLUMN balance numeric;
UPDATE holdings SET balance = (SELECT a.balance FROM accounts a WHERE a.id = holdings.id);
ALTER TABLE holdings ALTER COLUMN balance SET NOT NULL;
ALTER TABLE accounts DROP COLUMN balance;
"""
_STILL = "SELECT count(*) FROM {0} WHERE id BETWEEN 9000 AND 11000 AND balance = 3"


@dataclass
class Purse(Worker):
    """A worker whose new version keeps an account's balance in the other table; both write both tables."""

    def round(self, session: Session) -> None:
        own = self.number * 1_000_000 + self.rounds
        shared, table = 1 + self.rounds % SHARED, self.version.table
        if self.version is _OLD:
            run(session, f"INSERT INTO accounts (id, balance, owner) VALUES ({own}, 2, 'me')")
            run(session, f"INSERT INTO holdings (id) VALUES ({own})")
        else:
            opened = f"INSERT INTO accounts (id, owner) VALUES ({own}, 'me')"
            put = f"INSERT INTO holdings (id, balance) VALUES ({own}, 2)"
            session.run([Sql(opened), Sql(put)], atomic=True)
            run(session, f"{put} ON CONFLICT (id) DO UPDATE SET balance = excluded.balance")
        run(session, f"UPDATE {table} SET balance = balance + 10 WHERE id = {own}")
        run(session, f"UPDATE holdings SET uses = uses + 1 WHERE id = {shared}")
        run(session, f"UPDATE {table} SET balance = balance + 1 WHERE id = {shared}")
        self.added += 1
        for each in ("holdings",) if self.version is _NEW else ("accounts",):
            if session.query(f"SELECT balance FROM {each} WHERE id = {own} FOR UPDATE") != [(12,)]:
                self.errors.append(
                    f"the {self.version.name} version read another value of {own} than it wrote"
                )
        self.kept[own] = 12
        if self.rounds % 4 == 0:
            run(session, f"DELETE FROM accounts WHERE id = {own}")
            del self.kept[own]


class Purses(Shop):
    """A shop in which a row that nobody touches must stay as it was, too."""

    def wrong(self, session: Session, version: Version) -> list[tuple[int, object]]:
        found = session.query(_STILL.format(version.table))
        session.run([Sql(f"DELETE FROM {version.table} WHERE id BETWEEN 9000 AND 11000")], atomic=False)
        return [*super().wrong(session, version), *([] if found == [(2001,)] else [(9000, found)])]


def test_forward_both_versions_work_and_the_old_one_leaves_before_contract(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_GIVEN) as address:
        root, shop = project(_MOVE), Purses(address, Purse)
        goes_forth(rig, root, shop, _OLD, _NEW)


def test_back_before_contract_nothing_written_is_lost(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_GIVEN) as address:
        root, shop = without_downgrade(project(_MOVE)), Purses(address, Purse)
        goes_back(rig, root, shop, _OLD, _NEW)


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_increments_that_meet_on_one_row_through_either_table_are_all_there(
    newest: Rig, project: Callable[..., Path], level: str
) -> None:
    with newest.database(_GIVEN) as address:
        midair.apply(request_for(project(_MOVE), address), Remembering())
        done, failed = raised_through(newest, address, ("accounts", "holdings") * 3, 150, level)
        if level == "read committed":
            assert failed == []
        assert all("could not serialize" in each for each in failed), set(failed)
        with newest.session(address) as session:
            text = "SELECT a.balance, h.balance FROM accounts a JOIN holdings h USING (id) WHERE id = 1"
            assert session.query(text) == [(done, done)]

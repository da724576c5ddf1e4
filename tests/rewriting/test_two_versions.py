"""Old and new application work all through expand, ready, contract and rollback: no error, no wrong row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.versions import ACCOUNTS, Shop, Version

import midair

_OLD = Version("old")
_GIVEN = ACCOUNTS.replace("id bigint", "id int").replace("account bigint", "account int")
CHANGES = {
    "rename column": ("ALTER TABLE accounts RENAME COLUMN balance TO amount;", Version("new", balance="amount")),
    "rename table": ("ALTER TABLE accounts RENAME TO wallets;", Version("new", table="wallets")),
    "drop column": ("ALTER TABLE accounts DROP COLUMN owner;", Version("new", owner=None)),
    "change type": ("ALTER TABLE accounts ALTER COLUMN balance TYPE bigint;", Version("new")),
    "rename by hand": (
        "ALTER TABLE accounts ADD COLUMN amount numeric;\nUPDATE accounts SET amount = balance;\n"
        "ALTER TABLE accounts ALTER COLUMN amount SET NOT NULL;\nALTER TABLE accounts DROP COLUMN balance;",
        Version("new", balance="amount"),
    ),
    "shadow table": ("-- midair: strategy = shadow\nALTER TABLE accounts ALTER COLUMN balance TYPE bigint;", Version("new")),
    "change key type": (
        "ALTER TABLE accounts ALTER COLUMN id TYPE bigint;\nALTER TABLE moves ALTER COLUMN account TYPE bigint;", Version("new")
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_forward_both_versions_work_and_the_old_one_leaves_before_contract(
    rig: Rig, project: Callable[..., Path], change: str
) -> None:
    sql, new = CHANGES[change]
    with rig.database(_GIVEN) as address:
        root, shop = project(sql), Shop(address)
        with shop.running(_OLD):
            midair.apply(request_for(root, address), Remembering())
            with shop.running(new):
                pass
        with shop.running(new):
            midair.contract(request_for(root, address), Remembering())
        assert shop.errors() == []
        with rig.session(address) as session:
            assert shop.wrong(session, new) == []


@pytest.mark.parametrize("change", CHANGES)
def test_back_before_contract_nothing_written_is_lost(
    rig: Rig, project: Callable[..., Path], change: str
) -> None:
    sql, new = CHANGES[change]
    with rig.database(_GIVEN) as address:
        root, shop = project(sql), Shop(address)
        (root / "migrations" / "000001_m1.down.sql").unlink()
        with shop.running(_OLD):
            midair.apply(request_for(root, address), Remembering())
            with shop.running(new):
                pass
            if new.owner is None:
                with rig.session(address) as session:
                    session.query("UPDATE accounts SET owner = 'none' WHERE owner IS NULL RETURNING id")
            midair.rollback(request_for(root, address), Remembering())
        assert shop.errors() == []
        with rig.session(address) as session:
            assert shop.wrong(session, _OLD) == []

"""Old and new application work all through expand, ready, contract and rollback: no error, no wrong row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig
from tests.rewriting.lives import goes_back, goes_forth
from tests.rewriting.phases import without_downgrade
from tests.support.versions import ACCOUNTS, Shop, Version

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
        goes_forth(rig, root, shop, _OLD, new)


@pytest.mark.parametrize("change", CHANGES)
def test_back_before_contract_nothing_written_is_lost(
    rig: Rig, project: Callable[..., Path], change: str
) -> None:
    sql, new = CHANGES[change]
    with rig.database(_GIVEN) as address:

        def give_owners() -> None:
            """What the new version wrote has none, and the old one's rows may not be without."""
            if new.owner is None:
                with rig.session(address) as session:
                    session.query("UPDATE accounts SET owner = 'none' WHERE owner IS NULL RETURNING id")

        root, shop = without_downgrade(project(sql)), Shop(address)
        goes_back(rig, root, shop, _OLD, new, give_owners)

"""Where no view can stand in, a renamed column is two columns that a trigger keeps equal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.lives import goes_back, goes_forth
from tests.rewriting.phases import applied, refused_online, shape_of, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.versions import ACCOUNTS, Shop, Version

import midair

_ROW_TYPE = "CREATE TABLE copies (whole accounts);"
_HANGING = """
CREATE INDEX accounts_dear ON accounts (balance DESC) WHERE balance > 3;
ALTER TABLE accounts ADD CONSTRAINT balance_fits CHECK (balance > -1000 AND owner <> 'balance');
COMMENT ON COLUMN accounts.balance IS 'in cents';
"""
_RENAME = "ALTER TABLE accounts RENAME COLUMN balance TO amount;"
_OLD, _NEW = Version("old"), Version("new", balance="amount")


def test_both_versions_work_and_the_schema_ends_as_the_naive_one(
    rig: Rig, project: Callable[..., Path]
) -> None:
    given, root = ACCOUNTS + _HANGING + _ROW_TYPE, project(_RENAME)
    with rig.database(given) as address, rig.database(given) as written:
        shop = Shop(address)
        made = midair.plan(request_for(root, address))
        assert [each.recipe for each in made.contracts] == ["rename-column-by-copy"]
        goes_forth(rig, root, shop, _OLD, _NEW)
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert shape_of(rig, address) == shape_of(rig, written)


def test_a_rollback_before_contract_loses_nothing_and_leaves_nothing(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(ACCOUNTS + _HANGING + _ROW_TYPE) as address:
        root, shop, before = without_downgrade(project(_RENAME)), Shop(address), shape_of(rig, address)
        goes_back(rig, root, shop, _OLD, _NEW)
        assert shape_of(rig, address) == before


def test_a_write_that_only_bytes_tell_apart_is_kept(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(_RENAME), ACCOUNTS + _ROW_TYPE) as (_, session):
        run_all(
            session,
            "UPDATE accounts SET amount = 0.00 WHERE id = 1",
            "UPDATE accounts SET owner = 'x' WHERE id = 1",
        )
        run_all(session, "UPDATE accounts SET balance = 5 WHERE id = 2")
        rows = session.query("SELECT balance::text, amount::text FROM accounts WHERE id < 3 ORDER BY id")
        assert rows == [("0.00", "0.00"), ("5", "5")]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("CREATE UNIQUE INDEX u ON accounts (balance, id);", "row type is used"),
        ("ALTER TABLE accounts ALTER balance DROP NOT NULL;", "row type is used"),
    ],
)
def test_what_neither_form_covers_is_refused_for_the_first_ones_reason(
    rig: Rig, project: Callable[..., Path], given: str, why: str
) -> None:
    refused = refused_online(rig, project(_RENAME), ACCOUNTS + _ROW_TYPE + given, why)
    assert refused.state == "nothing was changed"

"""A half-applied migration is taken back to what was there before, wherever it and the taking back were cut off."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump, journal_of

import midair
from midair.errors import HistoryDiverged, Irreversible, Refused
from midair.model.address import Address
from midair.model.statement import Sql

EVERY = int(os.environ.get("MIDAIR_KILL_EVERY", "11"))
GIVEN = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint, customer_id bigint, number bigint, total numeric);
INSERT INTO customers SELECT g FROM generate_series(1, 10) AS g;
INSERT INTO orders SELECT g, 1 + g % 10, g, g FROM generate_series(1, 100) AS g;
"""
MIGRATION = """
CREATE TABLE notes (id bigint PRIMARY KEY, text text);
CREATE INDEX orders_total ON orders (total);
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
ALTER TABLE orders ADD CHECK (total >= 0);
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
ALTER TABLE orders ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);
ALTER TABLE orders ADD PRIMARY KEY (id);
"""


def _before(rig: Rig, address: Address, expected: str) -> None:
    """The database is as it was, and the tool's history is as if nothing had been begun."""
    lines = [each for each in dump(rig.server.bin, address).splitlines() if "schema_migrations" not in each]
    assert "\n".join(lines) == expected
    with rig.session(address) as session:
        assert session.query("SELECT count(*) FROM schema_migrations") == [(0,)]
    assert journal_of(address)[0] == []


def _plain(rig: Rig, address: Address) -> str:
    """What is there before anything is begun, as `_before` compares it: with the tool's table, which stays."""
    with rig.session(address) as session:
        session.run(
            [
                Sql(
                    "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)"
                )
            ],
            atomic=True,
        )
    text = dump(rig.server.bin, address)
    with rig.session(address) as session:
        session.run([Sql("DROP TABLE schema_migrations")], atomic=True)
    return "\n".join(each for each in text.splitlines() if "schema_migrations" not in each)


def test_wherever_it_was_cut_off_nothing_of_it_is_left(rig: Rig, project: Callable[..., Path]) -> None:
    root, event, taken_back = project(MIGRATION), 3, 0
    while True:
        with rig.database(GIVEN) as address:
            expected = _plain(rig, address)
            if not fly(root, address, dies_at=event, strategy="online").cut_off():
                break
            event += EVERY
            if (
                journal_of(address)[0] == []
            ):  # cut off before anything was begun, or after everything was done
                with pytest.raises(Refused, match="is not half applied"):
                    midair.repair(request_for(root, address), Remembering(), "1", undo=True)
                continue
            midair.repair(request_for(root, address), Remembering(), "1", undo=True)
            _before(rig, address, expected)
            taken_back += 1
            midair.apply(request_for(root, address), Remembering())
            assert "public_id" in dump(rig.server.bin, address)
    assert taken_back >= 3


def test_the_taking_back_itself_may_be_cut_off_anywhere(rig: Rig, project: Callable[..., Path]) -> None:
    root, killed = project(MIGRATION), 0
    with rig.database(GIVEN) as address:
        expected = _plain(rig, address)
        assert fly(root, address, dies_at=40, strategy="online").cut_off()
        for event in range(200):
            if not fly(root, address, dies_at=1 + event * 2, strategy="online", command="undo 1").cut_off():
                break
            killed += 1
            if killed == 3:
                with pytest.raises(HistoryDiverged, match="half taken back"):
                    midair.resume(request_for(root, address), Remembering())
        assert killed > 3
        _before(rig, address, expected)


def test_what_cannot_be_taken_back_is_refused_before_anything_is_changed(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project("UPDATE orders SET total = total + 1;\nALTER TABLE orders ADD CHECK (total < 50);\n")
    with rig.database(GIVEN) as address:
        with pytest.raises(midair.MidairError, match="orders_total_check"):
            midair.apply(request_for(root, address), Remembering())
        there = dump(rig.server.bin, address)
        with pytest.raises(Irreversible, match="nothing undoes 'UPDATE orders"):
            midair.repair(request_for(root, address), Remembering(), "1", undo=True)
        assert dump(rig.server.bin, address) == there


def test_rows_that_break_a_key_end_in_taking_it_back_with_the_command(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project("ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (number) REFERENCES customers (id);\n")
    with rig.database(GIVEN) as address:
        expected = _plain(rig, address)
        with pytest.raises(midair.MidairError, match="violates foreign key"):
            midair.apply(request_for(root, address), Remembering())
        said = midair.repair(request_for(root, address), Remembering(), "1", undo=True, apply_it=False)
        assert said == ("1: ALTER TABLE orders DROP CONSTRAINT IF EXISTS c", "1: forget 1")
        midair.repair(request_for(root, address), Remembering(), "1", undo=True)
        _before(rig, address, expected)

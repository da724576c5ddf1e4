"""An expand that was cut off is taken back by `rollback`: nothing of it is left, no row is lost, and it may be cut off itself."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import without_downgrade
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump, journal_of

import midair
from midair.errors import MigrationFailed
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server

_EVERY = int(os.environ.get("MIDAIR_KILL_EVERY", "29"))
_GIVEN = """
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL DEFAULT 0, code text UNIQUE, day date NOT NULL DEFAULT '2026-05-05');
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, note text NOT NULL);
CREATE INDEX orders_total ON orders (total);
INSERT INTO orders (total, code) SELECT g, g FROM generate_series(1, 200) AS g;
INSERT INTO lines SELECT g, g, 'n' FROM generate_series(1, 200) AS g;
CREATE TABLE slips (order_id int PRIMARY KEY REFERENCES orders ON DELETE CASCADE, sent date);
INSERT INTO slips SELECT g FROM generate_series(1, 150) AS g;
"""
CHANGES = {
    "a copied table": "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;",
    "a table built anew": "ALTER TABLE lines RENAME TO lines_old;\nCREATE TABLE lines (LIKE lines_old, PRIMARY KEY (id)) PARTITION BY HASH (id);\n"
    "CREATE TABLE lines_0 PARTITION OF lines FOR VALUES WITH (MODULUS 1, REMAINDER 0);\nINSERT INTO lines SELECT * FROM lines_old;\nDROP TABLE lines_old;",
    "a key of another type": "ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
    "a renamed and a dropped column": "ALTER TABLE orders RENAME COLUMN total TO amount;\nALTER TABLE lines DROP COLUMN note;",
    "a renamed column by copy": "-- midair: strategy = duplicate\nALTER TABLE orders RENAME COLUMN total TO amount;",
    "a moved column": "ALTER TABLE slips ADD COLUMN code text;\nUPDATE slips SET code = o.code FROM orders o WHERE o.id = order_id;\n"
    "CREATE INDEX slips_code ON slips (code);\nALTER TABLE orders DROP COLUMN code;",
    "what follows a type and a rename": "ALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN code SET DEFAULT '';\n"
    "COMMENT ON COLUMN orders.total IS 'in cents';\nCREATE INDEX by_code ON orders (total, code);\nALTER TABLE lines RENAME COLUMN note TO text;\n"
    "ALTER TABLE lines ADD COLUMN age int, ADD CONSTRAINT said CHECK (text <> '');\nCOMMENT ON COLUMN lines.text IS 'what it says';\nCREATE INDEX ON lines (text);",
    "a column filled by hand": "ALTER TABLE lines ADD COLUMN long int;\nUPDATE lines SET long = length(note);\nALTER TABLE lines ALTER COLUMN long SET NOT NULL;\n"
    "ALTER TABLE lines DROP COLUMN note;",
}  # fmt: skip


def _abort_at(server: Server, root: Path, address: Address, before: str, event: int) -> bool:
    """Whether a run cut off at this event was taken back; `False` when there was nothing to take back any more."""
    if not fly(root, address, dies_at=event, strategy="online").cut_off():
        return False
    if journal_of(address)[0]:
        midair.rollback(request_for(root, address), Remembering())
        assert dump(server.bin, address) == before, f"after {event} events"
        assert journal_of(address)[0] == []
    return True


@pytest.mark.parametrize("name", CHANGES)
def test_wherever_the_expand_was_cut_off_nothing_of_it_is_left(
    server: Server, project: Callable[..., Path], name: str
) -> None:
    rig, root, event, taken_back = Rig(server), without_downgrade(project(CHANGES[name])), 4, 0
    with rig.database(_GIVEN) as fresh:
        before = dump(server.bin, fresh)
    while True:
        with rig.database(_GIVEN) as address:
            if not _abort_at(server, root, address, before, event):
                break
            taken_back += 1
            event += _EVERY
    assert taken_back >= 1


def test_the_taking_back_is_finished_by_the_same_command_wherever_it_is_cut_off(
    server: Server, project: Callable[..., Path]
) -> None:
    rig, root, killed = Rig(server), without_downgrade(project(CHANGES["a copied table"] + _FAILS)), 0
    with rig.database(_GIVEN) as fresh:
        before = dump(server.bin, fresh)
    with rig.database(_GIVEN) as address:
        with pytest.raises(MigrationFailed, match="impossible"):
            midair.apply(request_for(root, address), Remembering())
        for number in range(100):
            if not fly(
                root, address, dies_at=1 + number * 2, strategy="online", command="rollback"
            ).cut_off():
                break
            killed += 1
        assert killed >= 3
        assert dump(server.bin, address) == before
        assert journal_of(address)[0] == []


_FAILS = "\nALTER TABLE lines ADD CONSTRAINT impossible CHECK (order_id < 100);"
"""The table is exchanged by then, and the migration is refused for good."""


def test_rows_written_since_the_exchange_are_kept(server: Server, project: Callable[..., Path]) -> None:
    rig, root = Rig(server), without_downgrade(project(CHANGES["a copied table"] + _FAILS))
    with rig.database(_GIVEN) as address, rig.session(address, "midair by hand") as session:
        with pytest.raises(MigrationFailed, match="impossible"):
            midair.apply(request_for(root, address), Remembering())
        made = ("INSERT INTO orders (total, code) VALUES (7, 'new')", "DELETE FROM orders WHERE id = 3")
        for sql in made:
            session.run([Sql(sql)], atomic=False)
        midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT total FROM orders WHERE code = 'new'") == [(7,)]
        assert session.query("SELECT count(*) FROM orders") == [(200,)]
        assert session.query("SELECT count(*) FROM pg_class WHERE relname LIKE 'midair\\_%'") == [(0,)]

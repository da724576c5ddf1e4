"""A table is copied into one of another shape while work goes on, takes its place with all that hangs on it, and goes back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import ends_as_written, known_to_its_tool, unlike, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.dialects.postgresql.standins import stand_ins
from midair.errors import MigrationFailed, NotOnline
from midair.model.schema import Schema
from midair.rehearsal.server import Server
from midair.rewriting.costs import too_small
from midair.rewriting.scene import Scene

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES orders ON DELETE SET NULL,
    customer bigint NOT NULL REFERENCES customers ON DELETE CASCADE, total int NOT NULL DEFAULT 0,
    note text, code text, twice int GENERATED ALWAYS AS (total * 2) STORED, number serial,
    CONSTRAINT total_fits CHECK (total >= 0), CONSTRAINT code_key UNIQUE (code, id) DEFERRABLE
) WITH (fillfactor = 80);
CREATE TABLE lines (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, sum numeric NOT NULL DEFAULT 1);
CREATE INDEX orders_total ON orders (total DESC, note) WHERE total > 3;
CREATE UNIQUE INDEX orders_number ON orders (number);
CREATE STATISTICS orders_stats (dependencies) ON total, parent FROM orders;
COMMENT ON TABLE orders IS 'what is sold';
COMMENT ON COLUMN orders.total IS 'in cents';
COMMENT ON INDEX orders_total IS 'the dear ones';
COMMENT ON CONSTRAINT total_fits ON orders IS 'never below';
ALTER TABLE orders ALTER COLUMN total SET STATISTICS 500;
ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_number;
CREATE VIEW dear WITH (security_barrier = true) AS SELECT id, total FROM orders WHERE total > 100;
CREATE VIEW dearest AS SELECT * FROM dear WHERE total > 250;
CREATE TABLE log (order_id int, what text);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (NEW.id, TG_OP); RETURN NULL; END';
CREATE TRIGGER logs AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION logged();
CREATE FUNCTION sold(which int) RETURNS int LANGUAGE sql STABLE AS 'SELECT total FROM orders WHERE id = which';
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders FOR SELECT USING (customer = 3);
GRANT SELECT ON orders TO PUBLIC;
GRANT UPDATE (note) ON orders TO PUBLIC;
CREATE PUBLICATION sales FOR TABLE orders;
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 20) AS g;
INSERT INTO orders (parent, customer, total, note, code) SELECT nullif(g / 2, 0), 1 + g % 20, g, 'n', g::text FROM generate_series(1, 300) AS g;
INSERT INTO lines (order_id, sum) SELECT 1 + g % 300, g FROM generate_series(1, 500) AS g;
TRUNCATE log;
"""

SHAPES = {
    "without a log": "ALTER TABLE lines SET UNLOGGED;",
    "another access method, by name": "ALTER TABLE orders SET ACCESS METHOD heap2;",
    "a stored generated column": "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;",
    "an exclusion constraint": "ALTER TABLE lines ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =);",
    "types at once": "-- midair: strategy = shadow\nALTER TABLE lines ALTER COLUMN sum TYPE int, ALTER COLUMN order_id TYPE bigint;",
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_after_contract_the_schema_and_the_rows_are_what_the_naive_statement_leaves(
    server: Server, project: Callable[..., Path], name: str
) -> None:
    rig = Rig(server)
    if "method" in name and rig.major < 15:
        pytest.skip("no statement of this version changes it")
    given = "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;\n" + _SHOP
    assert set(ends_as_written(rig, project(SHAPES[name]), given)) == {"shadow-table"}


def test_a_rollback_before_contract_leaves_what_was_there_and_what_was_written_since(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with known_to_its_tool(rig, project("SELECT 1;"), _SHOP) as (address, session):
        before = dump(rig.server.bin, address, data=False)
        for name, sql in SHAPES.items():
            if "method" in name:
                continue
            root = without_downgrade(project(sql))
            midair.apply(request_for(root, address), Remembering())
            run_all(
                session,
                "INSERT INTO orders (customer, total, code) VALUES (3, 77, 'new')",
                "UPDATE orders SET total = 5 WHERE id = 4",
                "DELETE FROM orders WHERE id = 5",
                "INSERT INTO lines (order_id, sum) VALUES (4, 77)",
            )
            rows = _rows(session)
            midair.rollback(request_for(root, address), Remembering())
            assert unlike(rig, address, before, data=False) == []
            assert _rows(session) == rows
            run_all(session, "DELETE FROM lines WHERE sum = 77", "DELETE FROM orders WHERE total = 77")


def _rows(session: Session) -> list[tuple[object, ...]]:
    return [
        *session.query("SELECT id, parent, customer, total, twice, number FROM orders ORDER BY id"),
        *session.query("SELECT id, order_id, sum FROM lines ORDER BY id"),
    ]


def test_the_plan_says_what_the_copy_needs_and_refuses_where_there_is_too_little(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        made = midair.plan(request_for(project(SHAPES["without a log"]), address))
        assert any("MB of disk for the copy of lines" in note for note in made.notes)
        scene = Scene(Schema(), rig.major, stand_ins=stand_ins(session))
        assert too_small(scene, "lines", whole=True) is None
        found = too_small(replace(scene, free_bytes=1000), "lines", whole=True)
        assert found is not None
        assert "MB free" in found.why


def test_a_row_that_the_new_table_refuses_fails_nobody_and_holds_the_exchange_up(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project("ALTER TABLE lines ADD CONSTRAINT apart EXCLUDE USING btree (sum WITH =);")
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        run_all(session, "INSERT INTO lines (order_id, sum) VALUES (1, 7), (2, 7)")
        with pytest.raises(MigrationFailed, match="rows of lines cannot be copied"):
            midair.apply(request_for(root, address), Remembering())
        run_all(
            session,
            "INSERT INTO lines (order_id, sum) VALUES (3, 7)",
            "DELETE FROM lines WHERE sum = 7 AND id > 400",
        )
        run_all(session, "BEGIN ISOLATION LEVEL REPEATABLE READ", "DELETE FROM lines WHERE sum = 8", "COMMIT")
        midair.resume(request_for(root, address), Remembering())
        run_all(session, "INSERT INTO lines (order_id, sum) VALUES (3, 1000)")
        assert session.query("SELECT count(*) FROM lines") == session.query(
            "SELECT count(*) FROM midair_old_lines"
        )
        with pytest.raises(midair.MidairError, match="apart"):
            run_all(session, "INSERT INTO lines (order_id, sum) VALUES (3, 1000)")


def test_what_no_copy_can_stand_in_for_is_refused_with_the_reason(
    rig: Rig, project: Callable[..., Path]
) -> None:
    given = "CREATE TABLE plain (a int);\nINSERT INTO plain VALUES (1);\nCREATE TABLE seen (a int PRIMARY KEY);\nINSERT INTO seen VALUES (1);\n"
    with rig.database(given + "CREATE MATERIALIZED VIEW m AS SELECT * FROM seen;") as address:
        with pytest.raises(NotOnline, match="plain has no primary key"):
            midair.plan(request_for(project("ALTER TABLE plain SET UNLOGGED;"), address))
        with pytest.raises(NotOnline, match="materialized view m reads it"):
            midair.plan(request_for(project("ALTER TABLE seen SET UNLOGGED;"), address))


def test_a_table_that_the_same_run_gave_a_column_is_not_copied(
    server: Server, project: Callable[..., Path]
) -> None:
    rig = Rig(server)
    given = "CREATE TABLE events (id int PRIMARY KEY, kind text); INSERT INTO events SELECT g FROM generate_series(1, 30) AS g;"
    root = project("ALTER TABLE events ADD COLUMN extra int;\nALTER TABLE events SET UNLOGGED;")
    with rig.database(given) as address:
        with pytest.raises(NotOnline, match="earlier statements of this run changed"):
            midair.plan(request_for(root, address))
        alone = project("ALTER TABLE events SET UNLOGGED;")
        assert len(midair.plan(request_for(alone, address)).contracts) == 1

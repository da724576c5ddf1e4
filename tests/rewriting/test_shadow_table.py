"""A table is copied into one of another shape while work goes on, takes its place with all that hangs on it, and goes back."""

from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.test_recipes_on_servers import closed, without_downgrade
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.model.address import Address
from midair.model.statement import Sql

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
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    root = project(SHAPES[name])
    given = "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;\n" + _SHOP
    with rig.database(given) as written, rig.database(given) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert {each.recipe for each in midair.plan(request_for(root, online)).contracts} == {"shadow-table"}
        assert midair.apply(request_for(root, online), Remembering()).revisions == 1
        closed(root, online)
        assert unlike(rig, online, dump(rig.server.bin, written)) == []


def test_a_rollback_before_contract_leaves_what_was_there_and_what_was_written_since(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        midair.apply(request_for(project("SELECT 1;"), address), Remembering())
        midair.rollback(request_for(project("SELECT 1;"), address), Remembering())
        before = dump(rig.server.bin, address, data=False)
        for name, sql in SHAPES.items():
            if "method" in name:
                continue
            root = without_downgrade(project(sql))
            midair.apply(request_for(root, address), Remembering())
            run(
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
            run(session, "DELETE FROM lines WHERE sum = 77", "DELETE FROM orders WHERE total = 77")


def unlike(rig: Rig, address: Address, wanted: str, *, data: bool = True) -> list[str]:
    """The lines of the dump that are not wanted, and those that are missing."""
    here, there = dump(rig.server.bin, address, data=data).splitlines(), wanted.splitlines()
    lines = unified_diff(there, here, "wanted", "found", lineterm="", n=0)
    found = [each for each in lines if not each.startswith("@@")]
    print("\n".join(found))
    return found


def _rows(session: Session) -> list[tuple[object, ...]]:
    return [
        *session.query("SELECT id, parent, customer, total, twice, number FROM orders ORDER BY id"),
        *session.query("SELECT id, order_id, sum FROM lines ORDER BY id"),
    ]


def run(session: Session, *statements: str) -> None:
    for each in statements:
        session.run([Sql(each)], atomic=False)

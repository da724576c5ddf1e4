"""A column changes its type while work goes on: all that hangs on it goes along, and back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.test_recipes_on_servers import closed, without_downgrade
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.errors import MigrationFailed, NotOnline, Refused
from midair.model.statement import Sql

_SHOP = """
CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES orders ON DELETE SET NULL, total int NOT NULL DEFAULT 0,
    note text, code text DEFAULT '0', CONSTRAINT total_fits CHECK (total >= 0 AND note <> 'total'), CONSTRAINT code_key UNIQUE (code, id)
);
CREATE TABLE lines (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, sum numeric(8,2) NOT NULL);
CREATE TABLE marks (order_id int REFERENCES orders ON UPDATE CASCADE, what text);
CREATE INDEX orders_total ON orders (total DESC, note) WHERE total > 3;
CREATE INDEX orders_doubled ON orders ((total * 2));
CREATE INDEX lines_order ON lines (order_id);
CREATE STATISTICS orders_stats (dependencies) ON total, parent FROM orders;
COMMENT ON COLUMN orders.total IS 'in cents';
COMMENT ON INDEX orders_total IS 'the dear ones';
COMMENT ON CONSTRAINT total_fits ON orders IS 'never below';
ALTER TABLE orders ALTER COLUMN total SET STATISTICS 500;
INSERT INTO orders (parent, total, note, code) SELECT nullif(g / 2, 0), g, 'n', g::text FROM generate_series(1, 300) AS g;
INSERT INTO lines (order_id, sum) SELECT 1 + g % 300, g FROM generate_series(1, 500) AS g;
INSERT INTO marks SELECT g, 'm' FROM generate_series(1, 50) AS g;
"""

TYPES = {
    "int to bigint, with index, check, statistics and comments": "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    "an identity key that others refer to": "ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
    "a key, and what refers to it": "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\nALTER TABLE lines ALTER COLUMN order_id TYPE bigint;",
    "several columns at once": "ALTER TABLE orders ALTER COLUMN total TYPE numeric, ALTER COLUMN note TYPE varchar(40);",
    "text to a number that fits": "ALTER TABLE orders ALTER COLUMN code DROP DEFAULT;\nALTER TABLE orders ALTER COLUMN code TYPE int USING code::int;",
    "an expression over other columns": "ALTER TABLE lines ALTER COLUMN sum TYPE text USING order_id || ':' || sum;",
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_after_contract_the_schema_is_what_the_naive_statement_leaves_but_for_the_place(
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    root = project(TYPES[name])
    with rig.database(_SHOP) as written, rig.database(_SHOP) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert {each.recipe for each in midair.plan(request_for(root, online)).contracts} >= {"change-type"}
        assert midair.apply(request_for(root, online), Remembering()).revisions == 1
        closed(root, online)
        assert _shape(rig, online) == _shape(rig, written)


def _shape(rig: Rig, address: midair.model.address.Address) -> list[str]:
    """The schema without the order of columns, which statistics objects are written in too."""
    lines = (line.rstrip(",") for line in dump(rig.server.bin, address, data=False).splitlines())
    return sorted(" ".join(sorted(line.replace(",", "").split())) if line.startswith("CREATE STAT") else line for line in lines)


def _run(session: Session, *statements: str) -> None:
    for each in statements:
        session.run([Sql(each)], atomic=False)

"""Statements that go on building, in the same migration, on what a recipe has put into two shapes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import closed, shape_of, with_downgrade, without_downgrade
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import Irreversible
from midair.model.address import Address
from midair.model.statement import Sql

GIVEN = """
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
CREATE TABLE places (code int PRIMARY KEY, name text, CONSTRAINT named UNIQUE (name));
CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL UNIQUE, note text, place int, total int DEFAULT 1
);
CREATE INDEX orders_total ON orders (total);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE);
COMMENT ON COLUMN orders.total IS 'in cents';
COMMENT ON TABLE orders IS 'what was sold';
INSERT INTO places SELECT generate_series(0, 200);
INSERT INTO places VALUES (7777);
INSERT INTO orders (total, code, place, note) SELECT g, g, g % 10, 'n' FROM generate_series(1, 200) AS g;
INSERT INTO lines SELECT g, g FROM generate_series(1, 200) AS g;
"""
_TYPE = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;\n"
_COPY = "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (id / 2) STORED;\n"
_TABLE = "ALTER TABLE orders RENAME TO purchases;\n"
_COLUMN = "ALTER TABLE orders RENAME COLUMN total TO amount;\n"
_MORE = "ALTER TABLE orders ADD COLUMN rank int CHECK (rank > 0) UNIQUE REFERENCES places;\nCOMMENT ON COLUMN orders.rank IS 'new';\n"
_ON_TOTAL = (
    "COMMENT ON COLUMN {0}.total IS 'in cents; it is long';\n"
    "ALTER TABLE {0} ALTER COLUMN total SET DEFAULT 7;\n"
    "ALTER TABLE {0} ALTER COLUMN total SET NOT NULL;\n"
    "ALTER TABLE {0} ALTER COLUMN total SET STATISTICS 200;\n"
    "CREATE INDEX ON {0} (total, code);\n"
    "ALTER TABLE {0} ADD CONSTRAINT dear CHECK (total >= 0), ADD UNIQUE (total);\n"
)
_ON_TABLE = (
    "COMMENT ON TABLE {0} IS 'what was bought';\n"
    "ALTER TABLE {0} ADD COLUMN town text DEFAULT 'here', ADD COLUMN seen boolean NOT NULL DEFAULT false;\n"
    "CREATE UNIQUE INDEX by_code ON {0} (lower(code));\n"
    "ALTER TABLE {0} ADD FOREIGN KEY (place) REFERENCES places;\n"
)
_BESIDE = "ALTER TABLE lines ADD COLUMN note text;\n"
_REFERS = (
    "CREATE VIEW dear_ones AS SELECT id FROM purchases WHERE total > 9;\n"
    "ALTER TABLE lines ADD CONSTRAINT again FOREIGN KEY (order_id) REFERENCES purchases;\n"
)
CASES = {
    "a column of another type": (_TYPE + _ON_TOTAL.format("orders"), {"change-type"}),
    "a key that refers, of another type": (
        _TYPE + "ALTER TABLE orders ADD FOREIGN KEY (total) REFERENCES places, ADD CONSTRAINT many UNIQUE (total, place);\n",
        {"change-type"},
    ),
    "type, default and comment in one statement": (
        "ALTER TABLE orders ALTER COLUMN total DROP DEFAULT, ALTER COLUMN total TYPE numeric(12, 2) USING total::numeric,"
        " ALTER COLUMN total SET DEFAULT 0.5, ALTER COLUMN total SET NOT NULL;\nCOMMENT ON COLUMN orders.total IS NULL;\n",
        {"change-type"},
    ),
    "a default that goes with the type": (
        _TYPE + "ALTER TABLE orders ALTER COLUMN total DROP DEFAULT;\nALTER TABLE orders ALTER COLUMN total SET NOT NULL;\n",
        {"change-type", "drop-default"},
    ),
    "a type, and something else in one statement": (
        "ALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN note SET DEFAULT '-', ALTER COLUMN place SET NOT NULL,"
        " ADD CHECK (total > 0), ADD CONSTRAINT short CHECK (length(note) < 9);\n",
        {"change-type"},
    ),
    "a dropped column, and another in one statement": (
        "ALTER TABLE orders DROP COLUMN total, ADD COLUMN amount int;\n", {"drop-column"},
    ),
    "a copied table": (_COPY + _ON_TOTAL.format("orders") + _ON_TABLE.format("orders"), {"shadow-table"}),
    "a renamed column": (
        _COLUMN + _ON_TOTAL.format("orders").replace("total", "amount") + _ON_TABLE.format("orders") + _MORE, {"rename-column"},
    ),
    "a renamed column, by copy": (
        "-- midair: strategy = duplicate\n" + _COLUMN.replace("total", "place").replace("amount", "shop") + "COMMENT ON COLUMN orders.shop IS 'where';\n"
        "CREATE INDEX ON orders (shop, code);\nALTER TABLE orders ADD CONSTRAINT known FOREIGN KEY (shop) REFERENCES places, ALTER COLUMN shop SET NOT NULL;\n",
        {"rename-column-by-copy"},
    ),
    "a renamed table, and its columns": (
        "COMMENT ON TABLE lines IS 'of orders';\n" + _TABLE + "ALTER INDEX orders_pkey RENAME TO purchases_pkey;\nALTER TABLE purchases RENAME COLUMN total TO amount;\n"
        "ALTER TABLE purchases RENAME COLUMN place TO shop;\nCOMMENT ON COLUMN purchases.amount IS 'paid';\nCREATE INDEX by_shop ON purchases (shop, amount);\n"
        "ALTER TABLE purchases ALTER COLUMN shop SET DEFAULT 3, ADD CONSTRAINT dear CHECK (amount > 0);\n"
        "ALTER TABLE purchases RENAME CONSTRAINT dear TO dearer;\n",
        {"rename-table"},
    ),
    "keys that are replaced": (
        "ALTER TABLE places DROP CONSTRAINT named;\nALTER TABLE lines DROP CONSTRAINT lines_order_id_fkey;\n"
        "ALTER TABLE places ADD CONSTRAINT named UNIQUE (name, code);\n"
        "ALTER TABLE lines ADD CONSTRAINT lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE;\n",
        {"drop-constraint"},
    ),
    "an index of another column before, and one dropped": (
        "CREATE INDEX early ON orders (code);\nALTER TABLE orders ADD COLUMN town text;\n" + _TYPE + "CREATE INDEX late ON orders (total, town);\n",
        {"change-type"},
    ),
    "a renamed column whose keys are replaced": (
        "ALTER TABLE orders RENAME COLUMN code TO number;\nALTER TABLE orders DROP CONSTRAINT orders_code_key;\n"
        "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number);\nALTER TABLE orders ALTER COLUMN total DROP DEFAULT;\n",
        {"rename-column", "drop-constraint", "drop-default"},
    ),
    "several renamed columns": (
        _COLUMN + "ALTER TABLE orders RENAME COLUMN place TO shop;\nALTER TABLE orders RENAME COLUMN note TO remark;\n" + _ON_TABLE.format("orders").replace("(place)", "(shop)")
        + "CREATE INDEX ON orders (amount, shop);\n", {"rename-column"},
    ),
    "renamed columns, and then their table": (
        _COLUMN + "ALTER TABLE orders RENAME COLUMN place TO shop;\n" + _TABLE + _ON_TABLE.format("purchases").replace("(place)", "(shop)")
        + "COMMENT ON COLUMN purchases.amount IS 'paid';\nCREATE INDEX ON purchases (amount, shop);\n", {"rename-column"},
    ),
    "a renamed table": (_BESIDE + _TABLE + _ON_TOTAL.format("purchases") + _ON_TABLE.format("purchases") + _REFERS, {"rename-table"}),
}  # fmt: skip

_STANDS_LAST = {"a renamed column, by copy", "an index of another column before, and one dropped"}
"""Their column is not the table's last one as written."""


_EVERYWHERE = ("a column of another type", "a copied table", "a renamed column", "a renamed table")
_OTHERS = tuple(each for each in CASES if each not in _EVERYWHERE)


@pytest.mark.parametrize(
    "name", [*_EVERYWHERE, *(pytest.param(each, marks=pytest.mark.slow) for each in _OTHERS)]
)
def test_after_contract_it_is_as_written_and_after_a_rollback_as_it_was(
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    _there_and_back(rig, project, name)


@pytest.mark.parametrize("name", _OTHERS)
def test_on_the_newest_server_so_it_is_with_each_of_them(
    newest: Rig, project: Callable[..., Path], name: str
) -> None:
    _there_and_back(newest, project, name)


def _there_and_back(rig: Rig, project: Callable[..., Path], name: str) -> None:
    sql, recipes = CASES[name]
    root = without_downgrade(project(sql))
    with rig.database(GIVEN) as written, rig.database(GIVEN) as online:
        sold(rig, written)
        before = dump(rig.server.bin, written)
        midair.apply(request_for(root, written, "direct"), Remembering())
        made = midair.plan(request_for(root, online))
        assert {each.recipe for each in made.contracts} == recipes
        midair.apply(request_for(root, online), Remembering())
        sold(rig, online)
        midair.rollback(request_for(root, online), Remembering())
        assert dump(rig.server.bin, online) == before
        midair.apply(request_for(root, online), Remembering())
        closed(root, online)
        if name in _STANDS_LAST:
            assert shape_of(rig, online) == shape_of(rig, written)
        else:
            assert dump(rig.server.bin, online) == dump(rig.server.bin, written)


def sold(rig: Rig, address: Address) -> None:
    """A row of the old version's, under the old names."""
    with rig.session(address) as session:
        session.run(
            [Sql("INSERT INTO orders (total, code, note, place) VALUES (7777, 'since', 'n', 7)")],
            atomic=False,
        )


DOWNGRADES = {
    "with columns and table renamed": "ALTER TABLE purchases RENAME TO orders;\nALTER TABLE orders RENAME COLUMN amount TO total;\n"
    "ALTER TABLE orders RENAME COLUMN remark TO note;\nCOMMENT ON TABLE orders IS 'what was sold';\n"
    "ALTER TABLE orders DROP COLUMN town, DROP COLUMN seen, DROP CONSTRAINT purchases_place_fkey;\nDROP INDEX by_code;\n"
    "ALTER TABLE lines DROP COLUMN note;\n",
    "with columns that were renamed": "ALTER TABLE lines DROP COLUMN note;\nALTER TABLE purchases DROP COLUMN seen, DROP COLUMN town;\n"
    "DROP INDEX by_code;\nALTER TABLE purchases DROP CONSTRAINT purchases_place_fkey;\nCOMMENT ON TABLE purchases IS 'what was sold';\n"
    "ALTER TABLE purchases RENAME COLUMN amount TO total;\nALTER TABLE purchases RENAME TO orders;\n",

    "the other way round": "ALTER TABLE lines DROP COLUMN note;\nALTER TABLE purchases DROP COLUMN seen, DROP COLUMN town;\n"
    "DROP INDEX by_code;\nALTER TABLE purchases DROP CONSTRAINT purchases_place_fkey;\nCOMMENT ON TABLE purchases IS 'what was sold';\n"
    "ALTER TABLE purchases RENAME TO orders;\n",
    "in the same order": "ALTER TABLE purchases RENAME TO orders;\nCOMMENT ON TABLE orders IS 'what was sold';\n"
    "ALTER TABLE orders DROP COLUMN town, DROP COLUMN seen, DROP CONSTRAINT purchases_place_fkey;\nDROP INDEX by_code;\n"
    "ALTER TABLE lines DROP COLUMN note;\n",
}  # fmt: skip


@pytest.mark.parametrize("name", DOWNGRADES)
def test_a_downgrade_that_undoes_what_goes_along_undoes_nothing_twice(
    newest: Rig, project: Callable[..., Path], name: str
) -> None:
    columns = "ALTER TABLE purchases RENAME COLUMN total TO amount;\n" if "columns" in name else ""
    early = _COLUMN + "ALTER TABLE orders RENAME COLUMN note TO remark;\n" if "and table" in name else ""
    root = project(_BESIDE + early + _TABLE + (columns if not early else "") + _ON_TABLE.format("purchases"))
    with_downgrade(root, DOWNGRADES[name])
    with newest.database(GIVEN) as address:
        sold(newest, address)
        before = dump(newest.server.bin, address)
        midair.apply(request_for(root, address), Remembering())
        midair.rollback(request_for(root, address), Remembering())
        assert dump(newest.server.bin, address) == before


_TYPE_BACK = "ALTER TABLE orders ALTER COLUMN total TYPE int;\n"
_LATER = {
    "a column of another type": (_TYPE, _ON_TOTAL.format("orders"),
        "ALTER TABLE orders DROP CONSTRAINT orders_total_key, DROP CONSTRAINT dear;\nDROP INDEX orders_total_code_idx;\n"),
    "a renamed table": (_TABLE, _ON_TABLE.format("purchases"), "".join(DOWNGRADES["the other way round"].splitlines(True)[1:-1])),
}  # fmt: skip


@pytest.mark.parametrize("name", _LATER)
def test_the_next_migration_builds_on_it_too_and_each_goes_back_by_its_own_way(
    newest: Rig, project: Callable[..., Path], name: str
) -> None:
    first, second, back = _LATER[name]
    root = without_downgrade(project(first, second))
    with newest.database(GIVEN) as address:
        told = midair.plan(request_for(root, address)).notes
        assert any("after it 1 cannot be taken back" in each for each in told)
    with_downgrade(root, back, 2)
    with newest.database(GIVEN) as written, newest.database(GIVEN) as online:
        sold(newest, written)
        before = dump(newest.server.bin, written)
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert midair.apply(request_for(root, online), Remembering()).revisions == 2
        sold(newest, online)
        midair.rollback(request_for(root, online), Remembering(), "-2")
        assert dump(newest.server.bin, online) == before
        midair.apply(request_for(root, online), Remembering(), "+1")
        midair.apply(request_for(root, online), Remembering())
        closed(root, online)
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


_MADE_AGAIN = """
ALTER TABLE orders DROP CONSTRAINT cheap;
DROP INDEX orders_total;
ALTER TABLE orders ALTER COLUMN total TYPE bigint;
ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 9000000000);
CREATE INDEX orders_total ON orders (total, code);
"""
_MADE_AGAIN_BACK = """
DROP INDEX orders_total;
ALTER TABLE orders DROP CONSTRAINT cheap;
ALTER TABLE orders ALTER COLUMN total TYPE int;
ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 9000);
CREATE INDEX orders_total ON orders (total);
"""


def test_what_is_dropped_before_a_change_of_type_and_made_again_after_it_comes_and_goes_with_it(
    newest: Rig, project: Callable[..., Path]
) -> None:
    given = GIVEN + "ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 9000);"
    root = with_downgrade(project(_MADE_AGAIN), _MADE_AGAIN_BACK)
    with newest.database(given) as written, newest.database(given) as online:
        sold(newest, written)
        before = dump(newest.server.bin, written)
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert any("miss it in between" in each for each in midair.plan(request_for(root, online)).notes)
        midair.apply(request_for(root, online), Remembering())
        sold(newest, online)
        midair.rollback(request_for(root, online), Remembering())
        assert dump(newest.server.bin, online) == before
        midair.apply(request_for(root, online), Remembering())
        closed(root, online)
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


def test_a_new_table_that_refers_to_a_renamed_one_goes_only_by_its_authors_word(
    newest: Rig, project: Callable[..., Path]
) -> None:
    refunds = "CREATE TABLE refunds (id int PRIMARY KEY, bought int REFERENCES purchases);\nCREATE INDEX ON refunds (bought);\n"
    root = without_downgrade(project(_TABLE + refunds))
    with newest.database(GIVEN) as address:
        before = dump(newest.server.bin, address)
        midair.apply(request_for(root, address), Remembering())
        with pytest.raises(Irreversible, match="has no way back"):
            midair.rollback(request_for(root, address), Remembering())
        with_downgrade(root, "DROP TABLE refunds;\nALTER TABLE purchases RENAME TO orders;\n")
        midair.rollback(request_for(root, address), Remembering())
        assert dump(newest.server.bin, address) == before

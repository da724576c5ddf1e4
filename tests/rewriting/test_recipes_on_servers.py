"""Renames and drops keep both shapes until contract, leave what the naive statements leave, and go back without loss."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import (
    closed,
    refused_online,
    schema_without_history,
    with_downgrade,
    without_downgrade,
)
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.dialects.postgresql.evidence import evidence_of
from midair.errors import GateInTheWay, GateShut, Irreversible, NotOnline, Refused
from midair.model.address import Address
from midair.model.contract import Light

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, CONSTRAINT customers_email_key UNIQUE (email));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    total numeric NOT NULL DEFAULT 0, note text NOT NULL, state text NOT NULL DEFAULT 'new'
);
CREATE INDEX orders_total ON orders (total);
CREATE TABLE audit (id int PRIMARY KEY, what text);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 20) AS g;
INSERT INTO orders (customer, total, note) SELECT 1 + g % 20, g, 'n' FROM generate_series(1, 200) AS g;
"""
_RENAME_COLUMN = "ALTER TABLE orders RENAME COLUMN total TO amount;"
_RENAME_TABLE = "ALTER TABLE orders RENAME TO purchases;"

NAIVE = {
    "a renamed column": (_RENAME_COLUMN, "rename-column"),
    "a renamed table": (_RENAME_TABLE, "rename-table"),
    "a dropped column": ("ALTER TABLE orders DROP COLUMN note;", "drop-column"),
    "a dropped table": ("DROP TABLE audit;", "drop-table"),
    "a dropped unique key": ("ALTER TABLE customers DROP CONSTRAINT customers_email_key;", "drop-constraint"),
    "a dropped foreign key that cascades": ("ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey;", "drop-constraint"),
    "a dropped default": ("ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;", "drop-default"),
    "several drops in one statement": ("ALTER TABLE orders DROP COLUMN note, DROP COLUMN state;", "drop-column"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAIVE)
def test_after_contract_the_schema_is_what_the_naive_statement_leaves(
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    sql, recipe = NAIVE[name]
    root = project(sql)
    with rig.database(_SHOP) as written, rig.database(_SHOP) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        made = midair.plan(request_for(root, online))
        assert {each.recipe for each in made.contracts} == {recipe}
        assert midair.apply(request_for(root, online), Remembering()).revisions == 1
        assert dump(rig.server.bin, online) != dump(rig.server.bin, written)
        closed(root, online)
        assert dump(rig.server.bin, online) == dump(rig.server.bin, written)
        assert midair.gates(request_for(root, online)) == ()


def test_a_column_of_a_key_that_is_replaced_goes_once_the_new_key_is_there(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project(
        "ALTER TABLE audit DROP CONSTRAINT audit_pkey;\nALTER TABLE audit DROP COLUMN id;\n"
        "ALTER TABLE audit ADD COLUMN number uuid NOT NULL;\nALTER TABLE audit ADD CONSTRAINT audit_pkey PRIMARY KEY (number);"
    )
    with rig.database(_SHOP) as written, rig.database(_SHOP) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        request = replace(request_for(root, online), small_table_bytes=-1)  # not even what is empty
        assert midair.apply(request, Remembering()).revisions == 1
        closed(root, online)
        assert dump(rig.server.bin, online) == dump(rig.server.bin, written)


def test_a_rollback_before_contract_leaves_what_was_there(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        before = schema_without_history(rig, address)
        for sql, recipe in NAIVE.values():
            root = without_downgrade(project(sql))
            midair.apply(request_for(root, address), Remembering())
            assert {each.waiting.contract.recipe for each in midair.gates(request_for(root, address))} == {
                recipe
            }
            midair.rollback(request_for(root, address), Remembering())
            assert schema_without_history(rig, address) == before, sql
            assert midair.gates(request_for(root, address)) == ()


def test_both_names_of_a_column_read_and_write_the_same(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        midair.apply(request_for(project(_RENAME_COLUMN), address), Remembering())
        run_all(session, "INSERT INTO orders (customer, total, note) VALUES (1, 7, 'old')")
        run_all(session, "INSERT INTO orders (customer, amount, note) VALUES (1, 7, 'new')")
        run_all(session, "INSERT INTO orders (customer, note) VALUES (1, 'neither')")
        run_all(session, "UPDATE orders SET total = total + 1 WHERE note = 'new'")
        run_all(session, "UPDATE orders SET amount = amount + 1 WHERE note = 'old'")
        rows = session.query("SELECT note, total, amount FROM orders WHERE note <> 'n' ORDER BY note")
        assert rows == [("neither", 0, 0), ("new", 8, 8), ("old", 8, 8)]


def test_grants_and_owner_go_along_to_the_view(rig: Rig, project: Callable[..., Path]) -> None:
    role = f"clerk_{rig.major}"
    with rig.database(_SHOP) as address, rig.session(address) as session:
        run_all(session, f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role}")
        run_all(session, f"GRANT SELECT ON orders TO {role}; GRANT UPDATE (total) ON orders TO {role}")
        run_all(session, "COMMENT ON TABLE orders IS 'what''s sold'")
        midair.apply(request_for(project(_RENAME_COLUMN), address), Remembering())
        run_all(session, f"SET ROLE {role}")
        run_all(
            session,
            "UPDATE orders SET amount = 3 WHERE total = 2",
            "UPDATE orders SET total = 4 WHERE amount = 3",
        )
        with pytest.raises(midair.MidairError, match="permission denied"):
            run_all(session, "UPDATE orders SET note = 'x'")
        run_all(session, "RESET ROLE")
        assert session.query("SELECT obj_description('orders'::regclass, 'pg_class')") == [("what's sold",)]
        run_all(session, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_an_insert_that_leaves_a_dropped_column_out_succeeds_before_contract(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        root = without_downgrade(project("ALTER TABLE orders DROP COLUMN note;"))
        midair.apply(request_for(root, address), Remembering())
        run_all(session, "INSERT INTO orders (customer) VALUES (1)")
        with pytest.raises(Refused, match=r"1 rows written since hold no value in orders.note"):
            midair.rollback(request_for(root, address), Remembering())
        run_all(session, "UPDATE orders SET note = '' WHERE note IS NULL")
        midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT count(*) FROM orders") == [(201,)]
        with pytest.raises(midair.MidairError, match="null value"):
            run_all(session, "INSERT INTO orders (customer) VALUES (1)")


def test_a_downgrade_beside_a_recipe_runs_and_the_recipe_is_taken_back_in_its_place(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(
        project("ALTER TABLE customers ADD COLUMN town text;\n" + _RENAME_COLUMN),
        "ALTER TABLE orders RENAME COLUMN amount TO total;\nALTER TABLE customers DROP COLUMN town;\n",
    )
    with rig.database(_SHOP) as address, rig.database(_SHOP) as before:
        midair.apply(request_for(root, address), Remembering())
        midair.rollback(request_for(root, address, "direct"), Remembering())
        assert schema_without_history(rig, address) == schema_without_history(rig, before)
        with_downgrade(root, "SELECT 1;\n")
        midair.apply(request_for(root, address), Remembering())
        with pytest.raises(Irreversible, match="no statement that undoes"):
            midair.rollback(request_for(root, address), Remembering())


@pytest.mark.parametrize(
    ("given", "sql", "why"),
    [
        ("CREATE PUBLICATION p FOR TABLE orders;", _RENAME_COLUMN, "publication p"),
        ("CREATE TABLE heir () INHERITS (orders);", _RENAME_TABLE, "inheritance"),
        ("CREATE TABLE orders__base (); CREATE UNIQUE INDEX u ON orders (total, id);", _RENAME_COLUMN, "orders__base already"),
        ("CREATE SCHEMA other;", "ALTER TABLE orders SET SCHEMA other;", "no longer find orders"),
        ("CREATE TYPE mood AS ENUM ('sad');", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';", "still writes"),
        ("", "ALTER TABLE customers DROP COLUMN id CASCADE;", "primary key"),
        ("", "INSERT INTO audit SELECT id, note FROM orders;\n"
         "ALTER TABLE orders DROP COLUMN note;", "writes to orders after this copy"),
        ("ALTER TABLE orders ALTER note SET DEFAULT ''; CREATE UNIQUE INDEX u ON orders (note, id);",
         "ALTER TABLE orders DROP COLUMN note;", "twice in u"),
        ("", "ALTER TABLE orders DROP COLUMN note, ADD COLUMN note int;", "in two shapes"),
        ("ALTER TABLE audit ADD email text;", "ALTER TABLE customers DROP CONSTRAINT customers_email_key;\n"
         "ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email);\n"
         "ALTER TABLE audit ADD CONSTRAINT audit_to FOREIGN KEY (email) REFERENCES customers (email);",
         "a foreign key would stand on the old key"),
        ("", _RENAME_COLUMN + "\nALTER TABLE orders DROP COLUMN note;", "in two shapes"),
        ("", _RENAME_COLUMN + "\nALTER TABLE orders ALTER state DROP DEFAULT, ADD COLUMN town text;", "leaves something for contract"),
        ("", _RENAME_COLUMN + "\nALTER TABLE orders ADD COLUMN nr bigserial;", "cannot be written for orders__base"),
        ("", _RENAME_TABLE + "\nALTER TABLE purchases ALTER COLUMN note TYPE int USING 1;", "in two shapes|too little"),
        ("", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;\nCREATE VIEW v AS SELECT total FROM orders;", "in two shapes"),
        ("", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;\nALTER TABLE orders RENAME COLUMN total TO amount;", "in two shapes"),
        ("", "CREATE TEMP TABLE t (a int);\n" + _RENAME_COLUMN, "must stay as it is"),
    ],
)  # fmt: skip
def test_what_no_recipe_covers_is_refused_and_never_run(
    rig: Rig, project: Callable[..., Path], given: str, sql: str, why: str
) -> None:
    assert refused_online(rig, project(sql), _SHOP + given, why).state == "nothing was changed"


_GUARDED = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'who') THEN
        ALTER TABLE orders ADD CONSTRAINT who FOREIGN KEY (customer) REFERENCES customers;
        ALTER TABLE orders ADD COLUMN IF NOT EXISTS town text, ALTER COLUMN note TYPE text;
    END IF;
END $$;
"""


def test_a_block_of_statements_that_break_nobody_runs_as_written(
    newest: Rig, project: Callable[..., Path]
) -> None:
    root = project(_GUARDED)
    with newest.database(_SHOP) as written, newest.database(_SHOP) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        midair.apply(request_for(root, online), Remembering())
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)
        asks_rows = _GUARDED.replace("pg_constraint WHERE conname = 'who'", "customers WHERE name = 'who'")
        breaking = asks_rows.replace("ALTER COLUMN note TYPE text", "DROP COLUMN note")
        with pytest.raises(NotOnline, match="in a DO block"):
            midair.plan(request_for(project(_GUARDED, breaking), online))


def test_a_later_migration_on_the_same_object_waits_and_names_the_gate(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address:
        midair.apply(request_for(project(_RENAME_COLUMN), address), Remembering())
        root = project(_RENAME_COLUMN, "ALTER TABLE orders ADD COLUMN town text;")
        for strategy in ("online", "direct"):
            with pytest.raises(GateInTheWay, match="touches orders, and 1 still waits") as caught:
                midair.apply(request_for(root, address, strategy), Remembering())
            assert "midair contract 1" in (caught.value.hint or "")
        assert midair.apply(request_for(root, address), Remembering(), contract_first=True).revisions == 1
        assert _columns(rig, address) == ["id", "customer", "amount", "note", "state", "town"]


@pytest.mark.parametrize(
    ("given", "earlier", "later"),
    [
        ("", "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey;", "ALTER TABLE customers DROP CONSTRAINT customers_pkey;"),
        ("", "ALTER TABLE orders DROP COLUMN customer;", "ALTER TABLE customers DROP CONSTRAINT customers_pkey;"),
        ("", "DROP TABLE orders;", "ALTER TABLE customers DROP CONSTRAINT customers_pkey;"),
        ("CREATE UNIQUE INDEX second ON customers (email, id); ALTER TABLE audit ADD a text, ADD b bigint;"
         "ALTER TABLE audit ADD CONSTRAINT audit_to FOREIGN KEY (a, b) REFERENCES customers (email, id) ON DELETE CASCADE;",
         "ALTER TABLE audit DROP CONSTRAINT audit_to;", "DROP INDEX second;"),
        ("ALTER TABLE audit ADD email text;", "ALTER TABLE customers DROP CONSTRAINT customers_email_key;"
         "ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email);",
         "ALTER TABLE audit ADD CONSTRAINT audit_to FOREIGN KEY (email) REFERENCES customers (email);"),
        ("", "ALTER TABLE orders DROP COLUMN total;", "CREATE INDEX orders_total ON orders (note);"),
        ("", "DROP TABLE orders;", "ALTER TABLE audit ADD CONSTRAINT orders_pkey UNIQUE (what);"),
    ],
)  # fmt: skip
def test_what_an_earlier_change_of_the_same_run_still_needs_waits_for_its_contract(
    rig: Rig, project: Callable[..., Path], given: str, earlier: str, later: str
) -> None:
    with rig.database(_SHOP + given) as address:
        root = project(earlier, later)
        before = schema_without_history(rig, address)
        with pytest.raises(GateInTheWay, match="until then, and 1 still waits for its contract"):
            midair.apply(request_for(root, address), Remembering())
        assert schema_without_history(rig, address) == before
        assert midair.apply(request_for(root, address), Remembering(), "+1").revisions == 1
        assert midair.apply(request_for(root, address), Remembering(), contract_first=True).revisions == 1
        assert not midair.plan(request_for(root, address)).segments


def test_a_later_migration_on_something_else_does_not_wait(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        root = project(
            "ALTER TABLE orders DROP COLUMN note;",
            "ALTER TABLE orders ADD COLUMN town text;\nCREATE INDEX ON orders (town);\nALTER TABLE customers ADD town text;",
            "UPDATE orders SET note = '' WHERE id = 1;",
        )
        assert midair.apply(request_for(root, address), Remembering()).revisions == 3
        closed(root, address)
        assert _columns(rig, address) == ["id", "customer", "total", "state", "town"]


def test_a_connection_older_than_ready_shuts_the_gate_and_force_is_recorded(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address, "shop@1") as old:
        root = project(_RENAME_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        with pytest.raises(GateShut, match=r"shop@1 \(1\)"):
            midair.contract(request_for(root, address), Remembering())
        assert old.query("SELECT count(total) FROM orders") == [(200,)]
        midair.contract(request_for(root, address), Remembering(), force=True)
        asked = "SELECT value FROM midair.evidence WHERE forced AND probe = 'connections'"
        assert "shop@1" in old.query(asked)[0][0]
        assert old.query("SELECT state FROM midair.contract") == [("contracted",)]


def test_a_role_that_cannot_see_others_is_told_so_and_sees_no_green_light(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        root = project("ALTER TABLE orders DROP COLUMN note;")
        midair.apply(request_for(root, address), Remembering())
        waiting = midair.status(midair.Request(root, url=url_of(address))).waiting[0]
        role = f"blind_{rig.major}"
        run_all(session, f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role}", f"SET ROLE {role}")
        with rig.session(address, "shop@1"):
            lights = {each.probe: each.light for each in evidence_of(session, waiting, {})}
        run_all(session, "RESET ROLE", f"DROP ROLE {role}")
        assert lights["connections"] is Light.MISSING


def test_required_evidence_counts_what_nobody_can_tell_against_it(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address:
        root = project(_RENAME_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        with pytest.raises(GateShut, match="pg_stat_statements is not installed"):
            midair.contract(request_for(root, address), Remembering(), require_evidence=True)
        closed(root, address)


def test_a_view_made_on_the_old_shape_shuts_the_gate_for_everybody(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address) as session:
        root = project(_RENAME_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        run_all(session, "CREATE VIEW dear AS SELECT id FROM orders WHERE total > 100")
    with rig.database(_SHOP) as address:
        midair.apply(request_for(root, address), Remembering())
        with rig.session(address, "midair by hand") as session:
            run_all(session, "CREATE VIEW dear AS SELECT id FROM orders WHERE total > 100")
        with pytest.raises(GateShut, match="made on it: dear"):
            midair.contract(request_for(root, address), Remembering(), force=True)


def test_status_shows_what_waits(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        root = project(_RENAME_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        found = midair.status(midair.Request(root, url=url_of(address)))
        assert [each.contract.summary for each in found.waiting] == [
            "orders has the column under both names, total and amount"
        ]


def _columns(rig: Rig, address: Address) -> list[str]:
    with rig.session(address) as session:
        rows = session.query(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
    return [row[0] for row in rows]

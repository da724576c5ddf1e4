"""A column changes its type while work goes on: all that hangs on it goes along, and back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import closed, ends_as_written, refused_online, shape_of, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import MigrationFailed, Refused

_SHOP = """
CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES orders ON DELETE SET NULL, total int NOT NULL DEFAULT 0,
    note text, code text, CONSTRAINT total_fits CHECK (total >= 0 AND note <> 'total'), CONSTRAINT code_key UNIQUE (code, id)
);
CREATE TABLE lines (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, sum numeric(8,2) NOT NULL DEFAULT 1);
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
    "a default that goes and another that comes": "ALTER TABLE lines ALTER COLUMN sum DROP DEFAULT;\n"
    "ALTER TABLE lines ALTER COLUMN sum TYPE text USING 'n' || sum;\nALTER TABLE lines ALTER COLUMN sum SET DEFAULT 'n0';",
    "the same in one statement": "ALTER TABLE orders ALTER total DROP DEFAULT, ALTER total TYPE numeric, ALTER total SET DEFAULT 1.5;",
    "by hand": "ALTER TABLE marks ADD COLUMN size int;\nUPDATE marks SET size = length(what);\nALTER TABLE marks DROP COLUMN what;\n"
    "ALTER TABLE marks RENAME COLUMN size TO what;",
    "several columns at once": "ALTER TABLE orders ALTER COLUMN total TYPE numeric, ALTER COLUMN note TYPE varchar(40);",
    "text to a number that fits": "ALTER TABLE orders ALTER COLUMN code TYPE int USING code::int;",
    "an expression over other columns": "ALTER TABLE lines ALTER COLUMN sum DROP DEFAULT, ALTER COLUMN sum TYPE text USING order_id || ':' || sum;",
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_after_contract_the_schema_is_what_the_naive_statement_leaves_but_for_the_place(
    rig: Rig, project: Callable[..., Path], name: str
) -> None:
    assert "change-type" in ends_as_written(rig, project(TYPES[name]), _SHOP, shape_of)


def test_a_rollback_before_contract_leaves_what_was_there_and_what_was_written_since(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        before = shape_of(rig, address)
        for sql in TYPES.values():
            root = without_downgrade(project(sql))
            midair.apply(request_for(root, address), Remembering())
            run_all(
                session,
                "INSERT INTO orders (total, code) VALUES (77, '77')",
                "UPDATE orders SET total = 5 WHERE id = 4",
            )
            midair.rollback(request_for(root, address), Remembering())
            assert shape_of(rig, address) == before, sql
            assert session.query("SELECT total, code FROM orders WHERE total = 77 OR id = 4 ORDER BY 1 DESC")[
                -2:
            ] == [(77, "77"), (5, "4")]
            run_all(session, "DELETE FROM orders WHERE total = 77")


def test_ids_go_past_the_old_type_after_the_exchange_and_then_the_way_back_is_closed(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = without_downgrade(
        project(
            "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\nALTER TABLE lines ALTER COLUMN id TYPE bigint;"
        )
    )
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        run_all(
            session, "SELECT setval('orders_id_seq', 2147483646)", "SELECT setval('lines_id_seq', 2147483646)"
        )
        midair.apply(request_for(root, address), Remembering())
        for _ in range(3):
            run_all(
                session,
                "INSERT INTO orders (note) VALUES ('late')",
                "INSERT INTO lines (order_id, sum) VALUES (1, 1)",
            )
        assert session.query("SELECT max(id) FROM orders") == [(2147483649,)]
        assert session.query("SELECT max(id) FROM lines") == [(2147483649,)]
        with pytest.raises(Refused, match=r"holds values that are no integer, written since"):
            midair.rollback(request_for(root, address), Remembering())
        closed(root, address)
        assert session.query("SELECT count(*) FROM orders WHERE note = 'late'") == [(3,)]


def test_a_role_with_rights_on_the_column_alone_keeps_them_all_along(
    rig: Rig, project: Callable[..., Path]
) -> None:
    role = f"teller_{rig.major}"
    root = without_downgrade(project("ALTER TABLE orders ALTER COLUMN total TYPE bigint;"))
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        run_all(session, f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role}")
        run_all(session, f"GRANT SELECT (id, total), UPDATE (total), INSERT (total) ON orders TO {role}")
        midair.apply(request_for(root, address), Remembering())
        for command in ("before contract", "after rollback"):
            run_all(
                session,
                f"SET ROLE {role}",
                "UPDATE orders SET total = 9 WHERE id = 2",
                "INSERT INTO orders (total) VALUES (8)",
            )
            with pytest.raises(midair.MidairError, match="permission denied"):
                run_all(session, "UPDATE orders SET note = 'x'")
            run_all(session, "RESET ROLE")
            if command == "before contract":
                midair.rollback(request_for(root, address), Remembering())
        assert session.query("SELECT total FROM orders WHERE id = 2") == [(9,)]
        run_all(session, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_value_that_does_not_fit_fails_nobody_and_stops_the_exchange_until_it_is_mended(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = without_downgrade(
        project("ALTER TABLE orders ALTER COLUMN code TYPE int USING nullif(code, '')::int;")
    )
    with rig.database(_SHOP) as address, rig.session(address, "midair by hand") as session:
        run_all(
            session, "UPDATE orders SET code = 'x' WHERE id = 7", "UPDATE orders SET code = '' WHERE id = 8"
        )
        with pytest.raises(
            MigrationFailed, match=r"1 rows of orders have a code that is no integer, the first is 7"
        ):
            midair.apply(request_for(root, address), Remembering())
        run_all(session, "UPDATE orders SET code = 'y' WHERE id = 9")
        with pytest.raises(MigrationFailed, match="2 rows"):
            midair.resume(request_for(root, address), Remembering())
        run_all(session, "UPDATE orders SET code = '70' WHERE id IN (7, 9)")
        midair.resume(request_for(root, address), Remembering())
        assert session.query("SELECT id, code FROM orders WHERE id IN (7, 8, 10) ORDER BY id") == [
            (7, 70),
            (8, None),
            (10, 10),
        ]


@pytest.mark.parametrize(
    ("given", "sql", "why"),
    [
        ("CREATE TABLE heir () INHERITS (orders);", "ALTER TABLE orders ALTER total TYPE bigint;", "inheritance"),
        ("", "ALTER TABLE orders ALTER total TYPE bigint USING total + random();", "another value each time"),
        ("", "ALTER TABLE orders ALTER id TYPE text;", "refers to it, and is integer"),
        ("", "CREATE INDEX i ON orders (total);\nALTER TABLE orders ALTER total TYPE bigint;", "earlier statements"),
    ],
)  # fmt: skip
def test_what_a_second_column_cannot_cover_is_refused(
    rig: Rig, project: Callable[..., Path], given: str, sql: str, why: str
) -> None:
    assert refused_online(rig, project(sql), _SHOP + given, why).state == "nothing was changed"


@pytest.mark.parametrize(
    "given", ["CREATE PUBLICATION p FOR TABLE orders;", "ALTER TABLE orders ADD EXCLUDE (total WITH =);"]
)
def test_what_a_second_column_cannot_cover_a_copy_of_the_table_may(
    rig: Rig, project: Callable[..., Path], given: str
) -> None:
    root = project("ALTER TABLE orders ALTER total TYPE bigint;")
    with rig.database(_SHOP + given) as written, rig.database(_SHOP + given) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert [each.recipe for each in midair.plan(request_for(root, online)).contracts] == ["shadow-table"]
        midair.apply(request_for(root, online), Remembering())
        closed(root, online)
        assert dump(rig.server.bin, online) == dump(rig.server.bin, written)


_MOODS = """
CREATE TYPE mood AS ENUM ('sad', 'calm', 'happy');
CREATE TABLE people (id int PRIMARY KEY, feels mood NOT NULL DEFAULT 'happy', felt mood, note text);
CREATE INDEX people_feels ON people (feels);
INSERT INTO people SELECT g, (ARRAY['calm', 'happy'])[1 + g % 2]::mood, 'calm', 'n' FROM generate_series(1, 200) AS g;
"""
_OTHER_MOODS = """
ALTER TYPE mood RENAME TO mood_old;
CREATE TYPE mood AS ENUM ('calm', 'happy', 'wild');
ALTER TABLE people ALTER COLUMN feels DROP DEFAULT;
ALTER TABLE people ALTER COLUMN feels TYPE mood USING feels::text::mood;
ALTER TABLE people ALTER COLUMN feels SET DEFAULT 'calm'::mood;
ALTER TABLE people ALTER COLUMN felt TYPE mood USING felt::text::mood;
DROP TYPE mood_old;
"""


def test_an_enum_is_replaced_and_goes_back(rig: Rig, project: Callable[..., Path]) -> None:
    root = without_downgrade(project(_OTHER_MOODS))
    with (
        rig.database(_MOODS) as written,
        rig.database(_MOODS) as online,
        rig.session(online, "midair by hand") as session,
    ):
        before = shape_of(rig, online)
        midair.apply(request_for(root, written, "direct"), Remembering())
        midair.apply(request_for(root, online), Remembering())
        run_all(
            session,
            "INSERT INTO people (id) VALUES (900)",
            "UPDATE people SET felt = 'happy'::mood WHERE id = 1",
        )
        midair.rollback(request_for(root, online), Remembering())
        assert shape_of(rig, online) == before
        assert session.query("SELECT id, feels::text, felt::text FROM people WHERE id IN (1, 900) ORDER BY id") == [
            (1, "happy", "happy"), (900, "calm", None)
        ]  # fmt: skip
        midair.apply(request_for(root, online), Remembering())
        run_all(session, "UPDATE people SET felt = 'wild' WHERE id = 2")
        with pytest.raises(Refused, match="written since"):
            midair.rollback(request_for(root, online), Remembering())
        closed(root, online)
        assert shape_of(rig, online) == shape_of(rig, written)


def test_an_enum_value_still_in_use_stops_the_exchange(rig: Rig, project: Callable[..., Path]) -> None:
    root = project(_OTHER_MOODS)
    with rig.database(_MOODS) as address, rig.session(address, "midair by hand") as session:
        run_all(session, "UPDATE people SET felt = 'sad' WHERE id = 3")
        with pytest.raises(MigrationFailed, match="1 rows of people have a felt that is no"):
            midair.apply(request_for(root, address), Remembering())
        run_all(
            session,
            "UPDATE people SET felt = 'sad'::mood WHERE id = 4",
            "UPDATE people SET felt = NULL WHERE felt = 'sad'::mood",
        )
        midair.resume(request_for(root, address), Remembering())
        closed(root, address)

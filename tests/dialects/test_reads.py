"""What a query reads decides whether the program that asked may be replayed."""

import pytest

from midair.dialects.postgresql import DIALECT as POSTGRESQL
from midair.dialects.sqlite import DIALECT as SQLITE


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ()),
        ("SHOW server_version", ()),
        ("SELECT version(), now(), current_schema()", ()),
        ("SELECT c.relname FROM pg_catalog.pg_class c WHERE pg_table_is_visible(c.oid)", ()),
        ("SELECT column_name FROM information_schema.columns", ()),
        ("SELECT count(*) FROM orders", ("orders",)),
        ("WITH x AS (SELECT * FROM orders) SELECT * FROM x JOIN app.users u ON true", ("orders", "users")),
        ("SELECT reltuples FROM pg_class WHERE relname = 'orders'", ("reltuples",)),
        ("SELECT * FROM pg_stat_user_tables", ("pg_stat_user_tables",)),
        ("SELECT currval('s')", ("currval",)),
        ("SELECT setval('s', 5)", None),
        ("SELECT set_config('search_path', '', false)", None),
        ("SELECT pg_advisory_xact_lock(1)", None),
        ("SELECT create_hypertable('a', 'b')", None),
        ("SELECT my_function()", None),
        ("SELECT app.my_function()", None),
        ("SELECT * FROM orders FOR UPDATE", None),
        ("INSERT INTO orders DEFAULT VALUES RETURNING id", None),
        ("WITH d AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM d", None),
        ("SELEC 1", None),
    ],
)
def test_postgresql_tells_looking_from_doing(sql: str, expected: tuple[str, ...] | None) -> None:
    found = POSTGRESQL.reads(sql)
    assert (None if found is None else tuple(sorted(found))) == (
        None if expected is None else tuple(sorted(expected))
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("PRAGMA table_info('orders')", ()),
        ("SELECT name FROM sqlite_master", ()),
        ("SELECT * FROM orders", ("orders",)),
        ("SELECT 1", ()),
        ("INSERT INTO orders VALUES (1) RETURNING id", None),
    ],
)
def test_sqlite_tells_looking_from_doing(sql: str, expected: tuple[str, ...] | None) -> None:
    assert SQLITE.reads(sql) == expected

"""The next few thousand rows of an UPDATE or DELETE, as text."""

import pytest

from midair.dialects.postgresql.next_rows import cast_in_batches, in_batches


@pytest.mark.parametrize(
    ("sql", "key", "batch"),
    [
        (
            "DELETE FROM orders WHERE state = 'old'",
            ("id",),
            "DELETE FROM orders WHERE state = 'old' AND id IN (SELECT id FROM orders WHERE state = 'old' LIMIT 5000)",
        ),
        (
            "UPDATE orders SET state = 'new'",
            (),
            "UPDATE orders SET state = 'new' WHERE ctid = ANY(ARRAY(SELECT ctid FROM orders "
            "WHERE state IS DISTINCT FROM 'new' LIMIT 5000 FOR UPDATE OF orders))",
        ),
        (
            "UPDATE orders o SET state = c.state FROM customers c WHERE c.id = o.customer_id",
            ("a", "b"),
            "UPDATE orders o SET state = c.state FROM customers c WHERE c.id = o.customer_id AND (o.a, o.b) IN "
            "(SELECT o.a, o.b FROM orders o, customers c WHERE c.id = o.customer_id AND o.state IS DISTINCT FROM c.state LIMIT 5000)",
        ),
        (
            "DELETE FROM orders WHERE id IN (SELECT id FROM old_orders)",
            ("id",),
            "DELETE FROM orders WHERE id IN (SELECT id FROM old_orders) AND id IN "
            "(SELECT id FROM orders WHERE id IN (SELECT id FROM old_orders) LIMIT 5000)",
        ),
        (
            "UPDATE orders SET token = gen_random_uuid() WHERE token IS NULL",
            ("id",),
            "UPDATE orders SET token = gen_random_uuid() WHERE token IS NULL AND id IN "
            "(SELECT id FROM orders WHERE token IS NULL LIMIT 5000)",
        ),
        ("UPDATE orders SET total = total * 100", ("id",), None),
        ("UPDATE orders SET seen_at = now()", ("id",), None),
        ("UPDATE orders SET state = DEFAULT", ("id",), None),
    ],
    ids=["delete", "by place", "join", "own query", "until not null", "from itself", "clock", "default"],
)
def test_a_batch_ends_where_no_row_is_left_to_do(sql: str, key: tuple[str, ...], batch: str | None) -> None:
    assert in_batches(sql, key) == batch


@pytest.mark.parametrize(
    ("table", "key"), [("orders", ("id",)), ("shop.orders", ("a", "b")), ('"Order"', ())]
)
def test_filling_a_column_with_a_cast_is_said_without_asking_the_grammar_and_just_so(
    table: str, key: tuple[str, ...]
) -> None:
    asked = in_batches(f"UPDATE {table} SET fresh = total::bigint WHERE fresh IS NULL", key)
    said = cast_in_batches(table, "fresh", "total::bigint", key)
    assert asked is not None
    assert said == asked

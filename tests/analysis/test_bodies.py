"""What a function does counts where a migration calls it; its variables are values, not columns."""

import pytest
from looking import codes, look

TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
MADE = "CREATE FUNCTION fill(p_id bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body} END $$;"


@pytest.mark.parametrize(
    "call", ["SELECT fill(1);", "DO $$ BEGIN PERFORM fill(1); END $$;"], ids=["select", "perform"]
)
def test_a_call_does_what_the_function_does(call: str) -> None:
    made = MADE.format(body="UPDATE orders SET note = 'x';")
    assert "MA601" not in codes(look(TABLE, made))
    assert "MA601" in codes(look(TABLE, f"{made}\n{call}"))
    assert "MA601" in codes(look(TABLE, made, call))


def test_procedures_and_functions_in_sql_are_read_too() -> None:
    called = "CREATE PROCEDURE wipe() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM orders; END $$;\nCALL wipe();"
    assert "MA206" in codes(look(TABLE, called))
    assert "MA206" in codes(
        look(
            TABLE, "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'; SELECT wipe();"
        )
    )


@pytest.mark.parametrize(
    "block",
    [
        "DECLARE v bigint := 3; BEGIN UPDATE orders SET note = 'x' WHERE id = v; END",
        "DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP UPDATE orders SET note = 'x' WHERE id = r.id; END LOOP; END",
    ],
    ids=["variable", "record"],
)
def test_a_row_that_a_variable_names_is_one_row(block: str) -> None:
    assert codes(look(TABLE, f"DO $$ {block} $$;")) == []


def test_a_function_that_only_computes_is_nothing_when_called() -> None:
    made = "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END $$;"
    assert codes(look(TABLE, f"{made}\nSELECT twice(2);")) == []


def test_sql_that_a_function_builds_is_said_to_be_unseen_where_it_is_called() -> None:
    made = MADE.format(body="EXECUTE 'DROP TABLE ' || 'orders';")
    assert "MA513" not in codes(look(TABLE, made))
    assert "MA513" in codes(look(TABLE, f"{made}\nSELECT fill(1);"))

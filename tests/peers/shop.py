"""Twelve migrations of a small shop, told once and laid out as a project of each tool.

They hold what tools read differently: dollar quotes, semicolons in strings and comments, a statement that
refuses transactions, data changes, an empty line at the end or none.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """One migration. `alone`: PostgreSQL refuses it inside a transaction block."""

    title: str
    up: str
    down: str
    alone: bool = False


_PORTABLE = (
    Change(
        "create_customers",
        "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, email text);",
        "DROP TABLE customers;",
    ),
    Change(
        "create_orders",
        "CREATE TABLE orders (\n  id integer PRIMARY KEY,\n  customer_id integer NOT NULL REFERENCES customers (id),\n"
        "  state text NOT NULL DEFAULT 'new' -- one of: new; paid; sent\n);",
        "DROP TABLE orders;",
    ),
    Change(
        "seed_customers",
        "INSERT INTO customers (id, name, email) VALUES (1, 'Ada; Countess', 'ada@example.org');\n"
        "INSERT INTO customers (id, name) VALUES (2, 'O''Brien -- not a comment');",
        "DELETE FROM customers WHERE id IN (1, 2);",
    ),
    Change(
        "add_total",
        "ALTER TABLE orders ADD COLUMN total integer NOT NULL DEFAULT 0;",
        "ALTER TABLE orders DROP COLUMN total;",
    ),
    Change(
        "index_orders", "CREATE INDEX orders_customer ON orders (customer_id);", "DROP INDEX orders_customer;"
    ),
    Change(
        "view_of_big_orders",
        "/* a view; and a comment with a semicolon */\nCREATE VIEW big_orders AS SELECT id FROM orders WHERE total > 1000;",
        "DROP VIEW big_orders;",
    ),
)

_POSTGRESQL = (
    Change(
        "touch_function",
        "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $touch$\nBEGIN\n  NEW.name := trim(NEW.name);\n"
        "  RETURN NEW;\nEND;\n$touch$;\n"
        "CREATE TRIGGER customers_touched BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION touched();",
        "DROP TRIGGER customers_touched ON customers;\nDROP FUNCTION touched();",
    ),
    Change(
        "index_state_concurrently",
        "CREATE INDEX CONCURRENTLY orders_state ON orders (state);",
        "DROP INDEX CONCURRENTLY orders_state;",
        alone=True,
    ),
    Change("create_mood", "CREATE TYPE mood AS ENUM ('calm', 'angry');", "DROP TYPE mood;"),
    Change(
        "normalise_state",
        "DO $$\nBEGIN\n  UPDATE orders SET state = lower(state);\nEND\n$$;",
        "UPDATE orders SET state = state;",
    ),
    Change(
        "add_mood", "ALTER TABLE customers ADD COLUMN mood mood;", "ALTER TABLE customers DROP COLUMN mood;"
    ),
    Change(
        "unique_email",
        "ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);",
        "ALTER TABLE customers DROP CONSTRAINT customers_email;",
    ),
)

_SQLITE = (
    Change(
        "touch_trigger",
        "CREATE TRIGGER customers_touched AFTER INSERT ON customers\nBEGIN\n"
        "  UPDATE customers SET name = trim(name) WHERE id = NEW.id;\nEND;",
        "DROP TRIGGER customers_touched;",
    ),
    Change("index_state", "CREATE INDEX orders_state ON orders (state);", "DROP INDEX orders_state;"),
    Change(
        "add_mood", "ALTER TABLE customers ADD COLUMN mood text;", "ALTER TABLE customers DROP COLUMN mood;"
    ),
    Change("normalise_state", "UPDATE orders SET state = lower(state);", "UPDATE orders SET state = state;"),
    Change(
        "rename_email",
        "ALTER TABLE customers RENAME COLUMN email TO mail;",
        "ALTER TABLE customers RENAME COLUMN mail TO email;",
    ),
    Change(
        "unique_mail", "CREATE UNIQUE INDEX customers_mail ON customers (mail);", "DROP INDEX customers_mail;"
    ),
)

CHANGES = {"postgresql": _PORTABLE + _POSTGRESQL, "sqlite": _PORTABLE + _SQLITE}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

"""Naive migrations, each with the database it meets: performed as written and online, the end must be the same."""

from dataclasses import dataclass

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, number text, total numeric, placed_at timestamptz, note text);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 50) AS g;
INSERT INTO orders SELECT g, 1 + g % 50, 'n' || g, g, '2026-01-01'::timestamptz + g * interval '1 minute', 'x' FROM generate_series(1, 300) AS g;
"""
_KEYLESS = """
CREATE TABLE lines ("Order" int, pos int, what text);
INSERT INTO lines SELECT g, g % 7, 'w' FROM generate_series(1, 200) AS g;
"""
_PARTS = """
CREATE TABLE events (id bigint, at date NOT NULL, kind text, who bigint) PARTITION BY RANGE (at);
CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE events_b PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE people (id bigint PRIMARY KEY);
INSERT INTO people SELECT generate_series(1, 20);
INSERT INTO events SELECT g, '2026-01-01'::date + g % 50, 'k', 1 + g % 20 FROM generate_series(1, 200) AS g;
"""


@dataclass(frozen=True)
class Naive:
    """`uses` are the rewrites that must have had a hand in it; `since` is the first server version that knows the statements."""

    name: str
    given: str
    sql: str
    uses: frozenset[str]
    since: int = 13
    cut_by_hand: bool = False
    """As one transaction the server refuses it: its statements are sent one by one for comparison."""


def _naive(
    name: str,
    given: str,
    sql: str,
    *uses: str,
    since: int = 13,
    cut_by_hand: bool = False,
) -> Naive:
    return Naive(name, given, sql, frozenset(uses), since, cut_by_hand)


NAIVE = (
    _naive("an index", _SHOP, "CREATE INDEX orders_placed_at ON orders (placed_at);", "index-concurrently"),
    _naive(
        "an index without a name",
        _SHOP + "CREATE TABLE orders_note_idx (a int);",
        "CREATE INDEX ON orders (note);\nCREATE INDEX ON orders (lower(note), lower(number), (total + 1), ((note || 'x')::varchar), coalesce(total, 1));\nCREATE UNIQUE INDEX IF NOT EXISTS u ON orders (lower(number)) INCLUDE (total) WHERE total > 3;",
        "index-concurrently",
    ),
    _naive(
        "an index whose place and name another takes that is there",
        _SHOP + "CREATE INDEX a ON orders (note); CREATE INDEX a_temp ON orders (note, total);",
        "DROP INDEX a;\nALTER INDEX a_temp RENAME TO a;\nCREATE INDEX b ON orders (total);",
        "index-concurrently",
    ),
    _naive(
        "indexes to drop",
        _SHOP + "CREATE INDEX a ON orders (note); CREATE INDEX b ON orders (total);",
        "DROP INDEX a, b;",
        "index-drop-concurrently",
    ),
    _naive(
        "a foreign key",
        _SHOP,
        "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL;",
        "foreign-key-in-two-steps",
    ),
    _naive(
        "a foreign key to itself, deferrable",
        _SHOP + "ALTER TABLE orders ADD parent bigint;",
        "ALTER TABLE orders ADD CONSTRAINT p FOREIGN KEY (parent) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;",
        "foreign-key-in-two-steps",
    ),
    _naive(
        "a foreign key on partitions",
        _PARTS,
        "ALTER TABLE events ADD CONSTRAINT events_who FOREIGN KEY (who) REFERENCES people (id);",
        "foreign-key-in-two-steps",
    ),
    _naive(
        "checks",
        _SHOP,
        "ALTER TABLE orders ADD CHECK (total >= 0), ADD CONSTRAINT has_number CHECK (number <> '' AND total IS NOT NULL);",
        "check-in-two-steps",
    ),
    _naive("a check on partitions", _PARTS, "ALTER TABLE events ADD CHECK (id > 0);", "check-in-two-steps"),
    _naive(
        "a column that may no longer be null",
        _SHOP,
        "ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;\nALTER TABLE customers ALTER name SET NOT NULL;",
        "not-null-in-phases",
    ),
    _naive(
        "NOT NULL whose constraints' names others have",
        _SHOP + "CREATE TABLE orders_customer (id int NOT NULL); CREATE TABLE orders_note (what text);"
        " CREATE SCHEMA other; CREATE TABLE other.orders (number text NOT NULL);",
        "ALTER TABLE orders_note ADD COLUMN x text NOT NULL DEFAULT 'x';\nALTER TABLE orders ADD note_x text;\n"
        "UPDATE orders SET note_x = 'y';\nALTER TABLE orders ALTER customer_id SET NOT NULL, ALTER number SET NOT NULL, ALTER note_x SET NOT NULL;",
        "not-null-in-phases",
    ),
    _naive(
        "a partitioned column that may no longer be null",
        _PARTS,
        "ALTER TABLE events ALTER COLUMN kind SET NOT NULL;",
        "not-null-in-phases",
    ),
    _naive(
        "a named not-null constraint",
        _SHOP,
        "ALTER TABLE orders ADD CONSTRAINT must NOT NULL note;",
        "not-null-in-phases",
        since=18,
    ),
    _naive(
        "unique constraints",
        _SHOP,
        "ALTER TABLE orders ADD UNIQUE (number), ADD CONSTRAINT twice UNIQUE (id, number) INCLUDE (note) WITH (fillfactor = 70) DEFERRABLE;",
        "key-through-index",
    ),
    _naive(
        "nulls that are equal",
        _SHOP,
        "ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (number);",
        "key-through-index",
        since=15,
    ),
    _naive("a primary key", _KEYLESS, 'ALTER TABLE lines ADD PRIMARY KEY ("Order", pos);', "key-through-index", "not-null-in-phases"),
    _naive(
        "a primary key of a nullable index",
        _KEYLESS + 'CREATE UNIQUE INDEX li ON lines ("Order");',
        "ALTER TABLE lines ADD CONSTRAINT lines_pk PRIMARY KEY USING INDEX li;",
        "key-through-index",
        "not-null-in-phases",
    ),
    _naive(
        "keys of a partitioned table",
        _PARTS,
        "ALTER TABLE events ADD PRIMARY KEY (id, at);\nALTER TABLE events ADD UNIQUE (at, id, who);",
        "key-through-index",
    ),
    _naive(
        "an index on partitions",
        _PARTS + "CREATE TABLE events_c PARTITION OF events FOR VALUES FROM ('2026-03-01') TO ('2026-05-01') PARTITION BY LIST (kind);"
        "CREATE TABLE events_c_k PARTITION OF events_c FOR VALUES IN ('k');"
        "INSERT INTO events SELECT g, '2026-03-02', 'k', 1 FROM generate_series(1, 99) AS g; CREATE INDEX mine ON events_b (who);",
        "CREATE INDEX ON events (who);\nCREATE INDEX e2 ON events (lower(kind)) INCLUDE (id);",
        "index-on-partitions",
    ),
    _naive("a table to reindex", _SHOP + "CREATE INDEX a ON orders (note);", "REINDEX TABLE orders;\nREINDEX INDEX a;", "reindex-concurrently"),
    _naive(
        "a view to refresh",
        _SHOP + "CREATE MATERIALIZED VIEW m AS SELECT id, total FROM orders; CREATE UNIQUE INDEX ON m (id); UPDATE orders SET total = 0 WHERE id < 9;",
        "REFRESH MATERIALIZED VIEW m;",
        "refresh-concurrently",
    ),
    _naive(
        "a partition to detach",
        _PARTS,
        "ALTER TABLE events DETACH PARTITION events_a;",
        "detach-concurrently",
        since=14,
    ),
    _naive(
        "partitions to attach",
        _PARTS
        + "CREATE TABLE events_x (id bigint, at date NOT NULL, kind text, who bigint); INSERT INTO events_x SELECT g, '2026-04-04', 'k', 1 FROM generate_series(1, 99) AS g;"
        "CREATE TABLE kinds (id int, kind text) PARTITION BY LIST (kind); CREATE TABLE kinds_a (id int, kind text); INSERT INTO kinds_a SELECT g, 'a' FROM generate_series(1, 99) AS g;",
        "ALTER TABLE events ATTACH PARTITION events_x FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');\n"
        "ALTER TABLE kinds ATTACH PARTITION kinds_a FOR VALUES IN ('a', 'b');",
        "attach-with-check",
    ),
    _naive(
        "an enum value that is used at once",
        "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE people (id int PRIMARY KEY, mood mood); INSERT INTO people VALUES (1, 'sad');",
        "ALTER TYPE mood ADD VALUE 'calm';\nALTER TABLE people ALTER mood SET DEFAULT 'calm';\nUPDATE people SET mood = 'calm';",
        "enum-value-apart",
        cut_by_hand=True,
    ),
    _naive(
        "columns with a value for every row",
        _SHOP,
        "ALTER TABLE orders ADD COLUMN rank double precision NOT NULL DEFAULT pi() * sign(random() + 1);\n"
        "ALTER TABLE customers ADD parent bigint DEFAULT 1 REFERENCES customers, ADD code text UNIQUE, ADD size int DEFAULT 3 NOT NULL CHECK (size > 0);",
        "column-in-steps",
    ),
    _naive(
        "a serial and an identity",
        "CREATE TABLE logs (what text); INSERT INTO logs SELECT 'same' FROM generate_series(1, 120); CREATE TABLE more (what text); INSERT INTO more SELECT 'same' FROM generate_series(1, 30);",
        "ALTER TABLE logs ADD COLUMN id bigserial PRIMARY KEY;\nALTER TABLE more ADD COLUMN id int GENERATED ALWAYS AS IDENTITY;\nINSERT INTO more VALUES ('new');",
        "column-in-steps",
        "key-through-index",
    ),
    _naive(
        "numbers beside a key",
        _SHOP,
        "ALTER TABLE orders ADD COLUMN seq bigserial;\nALTER TABLE customers ADD COLUMN nr int GENERATED BY DEFAULT AS IDENTITY UNIQUE;\nINSERT INTO customers (id, name) VALUES (1000, 'new');",
        "column-in-steps",
    ),
    _naive(
        "a key that replaces another",
        _SHOP + "CREATE INDEX by_note ON orders (note);",
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (number, id);\nDROP INDEX by_note;\nCREATE INDEX by_note_and_total ON orders (note, total);",
        "key-through-index",
        "index-concurrently",
    ),
    _naive(
        "rows by the thousand",
        _SHOP + "ALTER TABLE orders ADD cents bigint; CREATE TABLE archive (id bigint, note text);",
        "UPDATE orders SET cents = total * 100 WHERE cents IS NULL;\nDELETE FROM orders WHERE total > 250;\n"
        "INSERT INTO archive SELECT id, note FROM orders WHERE total < 100;\nALTER TABLE orders ALTER cents SET NOT NULL;",
        "rows-in-batches",
        "not-null-in-phases",
    ),
    _naive(
        "several things at once",
        _SHOP,
        "ALTER TABLE orders ADD COLUMN seen boolean DEFAULT false;\n"
        "ALTER TABLE orders ALTER placed_at SET NOT NULL, ADD FOREIGN KEY (customer_id) REFERENCES customers, ALTER note SET DEFAULT '-';\n"
        "CREATE TABLE refunds (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);\n"
        "CREATE INDEX ON refunds (order_id);\n"
        "CREATE INDEX orders_customer ON orders (customer_id);\n"
        "COMMENT ON TABLE orders IS 'orders';\n"
        "ALTER TABLE customers ADD CHECK (name <> '');",
        "index-concurrently",
        "not-null-in-phases",
        "foreign-key-in-two-steps",
        "check-in-two-steps",
    ),
)  # fmt: skip

GIVEN_ALL = (
    _SHOP
    + _KEYLESS
    + _PARTS
    + "CREATE INDEX old_one ON orders (note); CREATE INDEX old_two ON orders (total, note);"
    + "CREATE MATERIALIZED VIEW m AS SELECT id, total FROM orders; CREATE UNIQUE INDEX ON m (id); UPDATE orders SET total = 0 WHERE id < 9;"
    + "CREATE TABLE events_x (id bigint NOT NULL, at date NOT NULL, kind text, who bigint, PRIMARY KEY (id, at));"
    + "INSERT INTO events_x SELECT g, '2026-04-04', 'k', 1 FROM generate_series(1, 99) AS g; CREATE INDEX events_x_kind_idx ON events_x (kind);"
    + "CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE people ADD mood mood;"
)
ALL_AT_ONCE = (
    "CREATE INDEX orders_placed_at ON orders (placed_at);\n"
    "ALTER TABLE orders ADD COLUMN seen boolean DEFAULT false;\n"
    "ALTER TABLE orders ALTER placed_at SET NOT NULL, ADD FOREIGN KEY (customer_id) REFERENCES customers, ADD CHECK (total >= 0);\n"
    "DROP INDEX old_one, old_two;\n",
    'ALTER TABLE lines ADD PRIMARY KEY ("Order", pos);\n'
    "ALTER TABLE customers ADD UNIQUE (name);\n"
    "ALTER TABLE events ADD PRIMARY KEY (id, at);\n",
    "ALTER TABLE customers ADD COLUMN town text;\n",
    "CREATE INDEX ON events (kind);\n"
    "ALTER TABLE events ATTACH PARTITION events_x FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');\n"
    "ALTER TABLE events DETACH PARTITION events_a;\n"
    "REINDEX TABLE orders;\n"
    "REFRESH MATERIALIZED VIEW m;\n",
    "ALTER TABLE orders ADD COLUMN rank double precision NOT NULL DEFAULT pi() * sign(random() + 1) CHECK (rank > 0);\n"
    "ALTER TYPE mood ADD VALUE 'calm';\n"
    "ALTER TABLE people ALTER mood SET DEFAULT 'calm';\n",
)
"""Every rewrite, in migrations that follow each other."""

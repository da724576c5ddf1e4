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
    """`uses` are the rewrites that must have had a hand in it."""

    name: str
    given: str
    sql: str
    uses: frozenset[str]
    versions: tuple[int, ...] = (18, 15)


def _naive(name: str, given: str, sql: str, *uses: str, versions: tuple[int, ...] = (18, 15)) -> Naive:
    return Naive(name, given, sql, frozenset(uses), versions)


NAIVE = (
    _naive("an index", _SHOP, "CREATE INDEX orders_placed_at ON orders (placed_at);", "index-concurrently"),
    _naive(
        "an index without a name",
        _SHOP + "CREATE TABLE orders_note_idx (a int);",
        "CREATE INDEX ON orders (note);\nCREATE UNIQUE INDEX IF NOT EXISTS u ON orders (lower(number)) INCLUDE (total) WHERE total > 3;",
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
        versions=(18,),
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
)
"""Every rewrite, in migrations that follow each other."""

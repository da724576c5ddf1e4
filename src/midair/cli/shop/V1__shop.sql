-- A small shop with 200 000 orders.
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mail text NOT NULL
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    total integer,
    note text,
    legacy_note text,
    placed_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO users (mail)
SELECT 'user' || n || '@example.com' FROM generate_series(1, 5000) AS n;

INSERT INTO orders (user_id, total, note, placed_at)
SELECT 1 + n % 5000, n % 100000, 'order ' || n, timestamptz '2026-01-01' + n * interval '1 minute'
FROM generate_series(1, 200000) AS n;

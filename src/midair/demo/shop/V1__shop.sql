-- A small shop, without rows: the demo fills it.
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

-- finds: MA943
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER SEQUENCE users_id_seq OWNED BY NONE;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
-- down
ALTER TABLE users ALTER COLUMN id TYPE integer;
ALTER SEQUENCE users_id_seq OWNED BY users.id;
-- mended up
ALTER SEQUENCE users_id_seq OWNED BY NONE;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
ALTER SEQUENCE users_id_seq OWNED BY users.id;
-- mended down
ALTER TABLE users ALTER COLUMN id TYPE integer;

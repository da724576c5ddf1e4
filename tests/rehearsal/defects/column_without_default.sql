-- finds: MA903
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD COLUMN city text NOT NULL;
-- down
ALTER TABLE users DROP COLUMN city;
-- mended up
ALTER TABLE users ADD COLUMN city text NOT NULL DEFAULT '';
-- mended down
ALTER TABLE users DROP COLUMN city;

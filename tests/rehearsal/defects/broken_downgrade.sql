-- finds: MA920
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD COLUMN city text;
-- down
ALTER TABLE users DROP COLUMN town;
-- mended down
ALTER TABLE users DROP COLUMN city;

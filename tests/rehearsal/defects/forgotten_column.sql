-- finds: MA922
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD COLUMN city text;
ALTER TABLE users ADD COLUMN country text;
-- down
ALTER TABLE users DROP COLUMN city;
-- mended down
ALTER TABLE users DROP COLUMN city;
ALTER TABLE users DROP COLUMN country;

-- finds: MA924
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'trial';
-- down
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
-- mended down
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';

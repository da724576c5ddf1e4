-- finds: MA940
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE varchar(400);
-- down
ALTER TABLE users ALTER COLUMN plan TYPE text;
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';
-- mended up
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE varchar(400);
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';
-- mended down
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE text;
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';

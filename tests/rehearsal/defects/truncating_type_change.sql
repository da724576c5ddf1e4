-- finds: MA931 MA925
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN nick TYPE varchar(4) USING left(nick, 4);
-- down
ALTER TABLE users ALTER COLUMN nick TYPE text;
-- mended up
ALTER TABLE users ALTER COLUMN nick TYPE varchar(400);
-- mended down
ALTER TABLE users ALTER COLUMN nick TYPE text;

-- finds: MA925
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users DROP COLUMN nick;
-- down
ALTER TABLE users ADD COLUMN nick text;
-- mended up
ALTER TABLE users RENAME COLUMN nick TO nick_retired;
-- mended down
ALTER TABLE users RENAME COLUMN nick_retired TO nick;

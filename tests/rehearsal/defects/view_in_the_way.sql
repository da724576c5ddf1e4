-- finds: MA909
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE VIEW people AS SELECT id, nick FROM users;
-- up
ALTER TABLE users DROP COLUMN nick;
-- down
ALTER TABLE users ADD COLUMN nick text;
-- mended up
ALTER TABLE users ALTER COLUMN nick SET DEFAULT '';
-- mended down
ALTER TABLE users ALTER COLUMN nick DROP DEFAULT;

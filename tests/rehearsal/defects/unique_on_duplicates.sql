-- finds: MA904
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
CREATE UNIQUE INDEX users_nick ON users (nick);
-- down
DROP INDEX users_nick;
-- mended up
CREATE UNIQUE INDEX users_nick ON users (nick, email);
-- mended down
DROP INDEX users_nick;

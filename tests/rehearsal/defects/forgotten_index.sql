-- finds: MA922
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
CREATE INDEX users_nick ON users (nick);
-- down
SELECT 1;
-- mended down
DROP INDEX users_nick;

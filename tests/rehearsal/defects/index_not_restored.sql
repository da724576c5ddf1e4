-- finds: MA923
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE INDEX users_age ON users (age);
-- up
DROP INDEX users_age;
-- down
SELECT 1;
-- mended down
CREATE INDEX users_age ON users (age);

-- finds: MA922 MA923
-- before
CREATE TABLE users (id integer PRIMARY KEY, nick text);
CREATE INDEX users_nick ON users (nick);
-- up
ALTER INDEX users_nick RENAME TO users_by_nick;
-- down
SELECT 1;
-- mended down
ALTER INDEX users_by_nick RENAME TO users_nick;

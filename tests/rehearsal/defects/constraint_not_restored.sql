-- finds: MA923
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 17);
-- up
ALTER TABLE users DROP CONSTRAINT grown;
-- down
SELECT 1;
-- mended down
ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 17);

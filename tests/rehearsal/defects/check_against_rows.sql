-- finds: MA905
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 17);
-- down
ALTER TABLE users DROP CONSTRAINT grown;
-- mended up
ALTER TABLE users ADD CONSTRAINT born CHECK (age >= 0);
-- mended down
ALTER TABLE users DROP CONSTRAINT born;

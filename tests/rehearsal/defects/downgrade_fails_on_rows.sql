-- finds: MA921
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN plan DROP NOT NULL;
UPDATE users SET plan = NULL WHERE plan = 'none' OR id = 1;
-- down
ALTER TABLE users ALTER COLUMN plan SET NOT NULL;
-- mended up
ALTER TABLE users ALTER COLUMN plan DROP NOT NULL;
-- mended down
ALTER TABLE users ALTER COLUMN plan SET NOT NULL;

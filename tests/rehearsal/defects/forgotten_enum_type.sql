-- finds: MA922
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
CREATE TYPE level AS ENUM ('one', 'two');
ALTER TABLE users ADD COLUMN rank level;
-- down
ALTER TABLE users DROP COLUMN rank;
-- mended down
ALTER TABLE users DROP COLUMN rank;
DROP TYPE level;

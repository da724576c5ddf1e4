-- finds: MA950
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD CONSTRAINT born CHECK (age >= 0) NOT VALID;
-- down
ALTER TABLE users DROP CONSTRAINT born;
-- mended up
ALTER TABLE users ADD CONSTRAINT born CHECK (age >= 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT born;
-- mended down
ALTER TABLE users DROP CONSTRAINT born;

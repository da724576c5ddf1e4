-- finds: MA903
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN nick SET NOT NULL;
-- down
ALTER TABLE users ALTER COLUMN nick DROP NOT NULL;
-- mended up
ALTER TABLE users ADD CONSTRAINT nick_given CHECK (nick IS NOT NULL OR age IS NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT nick_given;
-- mended down
ALTER TABLE users DROP CONSTRAINT nick_given;

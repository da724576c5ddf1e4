-- finds: MA907
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ALTER COLUMN nick TYPE integer USING nick::integer;
-- down
ALTER TABLE users ALTER COLUMN nick TYPE text USING nick::text;
-- mended up
ALTER TABLE users ADD COLUMN nick_number integer;
-- mended down
ALTER TABLE users DROP COLUMN nick_number;

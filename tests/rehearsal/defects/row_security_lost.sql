-- finds: MA947
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- up
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
ALTER TABLE users ADD COLUMN city text;
-- down
ALTER TABLE users DROP COLUMN city;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- mended up
ALTER TABLE users ADD COLUMN city text;
-- mended down
ALTER TABLE users DROP COLUMN city;

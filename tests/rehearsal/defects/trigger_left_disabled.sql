-- finds: MA946
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
-- up
ALTER TABLE users DISABLE TRIGGER touched;
ALTER TABLE users ADD COLUMN city text;
-- down
ALTER TABLE users DROP COLUMN city;
ALTER TABLE users ENABLE TRIGGER touched;
-- mended up
ALTER TABLE users DISABLE TRIGGER touched;
ALTER TABLE users ADD COLUMN city text;
ALTER TABLE users ENABLE TRIGGER touched;
-- mended down
ALTER TABLE users DROP COLUMN city;

-- finds: MA906
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE TABLE notes (id integer PRIMARY KEY, user_id integer NOT NULL DEFAULT 0, body text);
ALTER TABLE notes ADD CONSTRAINT far CHECK (user_id > 100);
-- up
ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users;
-- down
ALTER TABLE notes DROP CONSTRAINT notes_user_id_fkey;
-- mended up
ALTER TABLE notes ADD COLUMN author integer REFERENCES users;
-- mended down
ALTER TABLE notes DROP COLUMN author;

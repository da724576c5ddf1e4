-- finds: MA932 MA925
-- before
CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL);
-- up
CREATE TABLE remarks (id integer PRIMARY KEY, body text NOT NULL);
INSERT INTO remarks SELECT id, body FROM notes WHERE id < 0;
DROP TABLE notes;
-- down
ALTER TABLE remarks RENAME TO notes;
ALTER TABLE notes RENAME CONSTRAINT remarks_pkey TO notes_pkey;
-- mended up
CREATE TABLE remarks (id integer PRIMARY KEY, body text NOT NULL);
INSERT INTO remarks SELECT id, body FROM notes;
DROP TABLE notes;
-- mended down
ALTER TABLE remarks RENAME TO notes;
ALTER TABLE notes RENAME CONSTRAINT remarks_pkey TO notes_pkey;

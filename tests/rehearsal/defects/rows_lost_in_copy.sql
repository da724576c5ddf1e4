-- finds: MA930 MA925
-- before
CREATE TABLE events (id integer PRIMARY KEY, kind text);
-- up
CREATE TABLE events_new (id integer PRIMARY KEY, kind text NOT NULL);
INSERT INTO events_new SELECT id, kind FROM events WHERE kind IS NOT NULL;
DROP TABLE events;
ALTER TABLE events_new RENAME TO events;
ALTER TABLE events RENAME CONSTRAINT events_new_pkey TO events_pkey;
-- down
ALTER TABLE events ALTER COLUMN kind DROP NOT NULL;
-- mended up
CREATE TABLE events_new (id integer PRIMARY KEY, kind text);
INSERT INTO events_new SELECT id, kind FROM events;
DROP TABLE events;
ALTER TABLE events_new RENAME TO events;
ALTER TABLE events RENAME CONSTRAINT events_new_pkey TO events_pkey;
-- mended down
SELECT 1;

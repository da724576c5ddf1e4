-- finds: MA931 MA925
-- before
CREATE TABLE people (id integer PRIMARY KEY, first text, last text);
-- up
ALTER TABLE people RENAME COLUMN first TO given;
ALTER TABLE people RENAME COLUMN last TO family;
CREATE TABLE people_new (id integer PRIMARY KEY, given text, family text);
INSERT INTO people_new SELECT id, upper(given), family FROM people;
DROP TABLE people;
ALTER TABLE people_new RENAME TO people;
ALTER TABLE people RENAME CONSTRAINT people_new_pkey TO people_pkey;
ALTER TABLE people RENAME COLUMN given TO first;
ALTER TABLE people RENAME COLUMN family TO last;
-- down
SELECT 1;
-- mended up
ALTER TABLE people RENAME COLUMN first TO given;
-- mended down
ALTER TABLE people RENAME COLUMN given TO first;

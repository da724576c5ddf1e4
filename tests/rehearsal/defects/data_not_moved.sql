-- finds: MA932 MA925
-- before
CREATE TABLE people (id integer PRIMARY KEY, name text, note text);
-- up
ALTER TABLE people ADD COLUMN full_name text;
UPDATE people SET full_name = upper(name) WHERE name LIKE 'Mr.%';
ALTER TABLE people DROP COLUMN name;
-- down
ALTER TABLE people RENAME COLUMN full_name TO name;
-- mended up
ALTER TABLE people RENAME COLUMN name TO full_name;
-- mended down
ALTER TABLE people RENAME COLUMN full_name TO name;

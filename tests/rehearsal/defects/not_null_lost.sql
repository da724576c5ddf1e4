-- finds: MA948
-- before
CREATE TABLE logs (id integer PRIMARY KEY, size integer NOT NULL);
-- up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
-- down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
ALTER TABLE logs ALTER COLUMN size SET NOT NULL;
-- mended up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
ALTER TABLE logs ALTER COLUMN size SET NOT NULL;
-- mended down
ALTER TABLE logs ALTER COLUMN size TYPE integer;

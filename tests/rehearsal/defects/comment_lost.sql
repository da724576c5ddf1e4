-- finds: MA945
-- before
CREATE TABLE logs (id integer PRIMARY KEY, size integer);
COMMENT ON COLUMN logs.size IS 'in bytes';
-- up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
-- down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
COMMENT ON COLUMN logs.size IS 'in bytes';
-- mended up
ALTER TABLE logs ALTER COLUMN size TYPE bigint;
-- mended down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
